import { createHash } from "node:crypto";
import { componentTypeOf, MlstackError, type ArtifactStore, type Component, type ComponentContext, type ExperimentTracker, type JsonObject, type Launcher, type Orchestrator, type PluginLoader } from "@mlstack/core";
import { stackSecrets, type StackSecrets } from "../secrets/stack-secrets.ts";
import { stackFindings } from "./stack-findings.ts";
import { secretsFor } from "./stack-references.ts";

export { LOCAL_STACK } from "../project-files/local-stack.ts";

/** A component as a stack's file describes it. */
export interface ComponentSpec {
  readonly name: string;
  readonly flavor: string;
  /** Keys in camelCase; secrets as references. */
  readonly config?: JsonObject | undefined;
  /** Further names by which steps may require it. */
  readonly aliases?: readonly string[] | undefined;
}

/** A stack: one component per type, by type id. `artifact_store` and `orchestrator` are needed. */
export interface StackSpec {
  readonly name: string;
  readonly components: Readonly<Record<string, ComponentSpec>>;
}

/** A stack as it was when a run started. Secrets are references. */
export interface StackSnapshot extends StackSpec {
  /** Versions of the packages that its components come from, by name. */
  readonly plugins: Readonly<Record<string, string>>;
}

/** What is wrong with a stack, and with which type of component. */
export interface StackFinding { readonly type: string; readonly error: MlstackError }

/** Where components are created. */
export type Place = Omit<ComponentContext, "name">;

/** The stack with the local orchestrator set to that many steps in worker processes; one with another orchestrator as it is. */
export function withConcurrency(spec: StackSpec, concurrency: number | undefined): StackSpec {
  const orchestrator = spec.components["orchestrator"];
  if (concurrency === undefined || orchestrator?.flavor !== "local") return spec;
  return { ...spec, components: { ...spec.components, orchestrator: { ...orchestrator, config: { ...orchestrator.config, concurrency, isolation: "process" } } } };
}

/** A stack in use: its components are created when they are first asked for. */
export interface Stack {
  readonly spec: StackSpec;
  readonly loader: PluginLoader;
  /** Where its secrets come from; components of other stacks that the project's runs have used get theirs from here, too. */
  readonly secrets: StackSecrets;
  artifactStore(): Promise<ArtifactStore>;
  orchestrator(): Promise<Orchestrator>;
  /** What starts single steps. Throws MLS4004 when the orchestrator only compiles whole plans. */
  launcher(): Promise<Launcher>;
  tracker(): Promise<ExperimentTracker | undefined>;
  /** By the name in step definitions, such as `modelDeployer`. */
  component(name: string): Promise<Component | undefined>;
  /** What a step that is cached by component has in its key: flavor and configuration. */
  fingerprint(name: string): string;
  /** The stack as it is kept with a run and handed to steps elsewhere: its components, and the packages that they come from. */
  snapshot(): Promise<StackSnapshot & JsonObject>;
  /**
   * Looks at each component before anything runs or is recorded: type, flavor, configuration, secrets. Creates none.
   *
   * @returns what is wrong: MLS7004 for a type that is not known; MLS4004 where one is missing without which nothing runs; MLS2007, MLS2008,
   * MLS2010
   */
  findings(): Promise<readonly StackFinding[]>;
  /**
   * Tells the redactor every secret that the stack's components refer to, as far as it is there. Creates none: a step may print its whole
   * environment without ever using the component that a variable is for.
   */
  knowSecrets(): Promise<void>;
  dispose(): Promise<void>;
}

/** @param travelled values of secrets that the driver has sent to this process, by name */
export function openStack(spec: StackSpec, loader: PluginLoader, place: Place, travelled?: Readonly<Record<string, string>>): Stack {
  const secrets = stackSecrets(spec, loader, place, travelled);
  const made = new Map<string, Promise<Component>>();
  const make = (type: string): Promise<Component> | undefined => {
    const found = spec.components[type];
    if (found === undefined) return undefined;
    let component = made.get(type);
    if (component === undefined) made.set(type, (component = loader.create(type, found.flavor, found.config, { name: found.name, ...place }, secretsFor(type, secrets))));
    return component;
  };
  const needed = (type: string): Promise<Component> => make(type) ?? Promise.reject(new MlstackError("MLS4004", `the stack "${spec.name}" has no ${type}`, { why: "no pipeline runs without one", fix: `add ${type}: { type: local } to its components` }));

  return {
    spec, loader, secrets,
    artifactStore: () => needed("artifact_store") as Promise<ArtifactStore>,
    orchestrator: () => needed("orchestrator") as Promise<Orchestrator>,
    async launcher() {
      const { launch } = (await needed("orchestrator")) as Orchestrator;
      if (launch !== undefined) return launch;
      throw new MlstackError("MLS4004", `the orchestrator of the stack "${spec.name}" can't start single steps`, { why: "it only compiles whole plans", fix: "use a stack with an orchestrator that launches" });
    },
    tracker: async () => make("experiment_tracker") as Promise<ExperimentTracker> | undefined,
    component: async (name) => make(componentTypeOf(name)),
    fingerprint: (name) => componentFingerprint(spec, name),
    async snapshot() {
      const offered = await loader.flavors();
      const plugins = Object.entries(spec.components).flatMap(([type, c]) => offered.filter((f) => f.type === type && (f.flavor === c.flavor || f.entry.aliases.includes(c.flavor))).map((f) => f.plugin));
      // a plugin is of use with the packages that bring the types that it implements
      const types = offered.filter((f) => plugins.some((p) => p.name === f.plugin.name)).map((f) => loader.contracts.get(f.type)?.broughtBy);
      return { name: spec.name, components: spec.components as unknown as Record<string, ComponentSpec> & JsonObject, plugins: Object.fromEntries([...plugins, ...types.filter((p) => p !== undefined)].map((p) => [p.name, p.version])) };
    },
    findings: () => stackFindings(spec, loader, secrets),
    async knowSecrets() { for (const [type, c] of Object.entries(spec.components)) await loader.tell(type, c.flavor, c.config, secretsFor(type, secrets)); },
    async dispose() {
      for (const component of made.values()) await component.then((c) => c.dispose?.(), () => undefined);
      made.clear();
      await secrets.dispose();
    },
  };
}

/** Flavor and configuration of a component, as they enter the key of a step that is cached by component. */
export function componentFingerprint(spec: StackSpec, name: string): string {
  const found = spec.components[componentTypeOf(name)];
  return found === undefined ? "absent" : `${found.flavor}:${createHash("sha256").update(JSON.stringify(sorted(found.config ?? {}))).digest("hex")}`;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([k, v]) => [k, sorted(v)]));
}
