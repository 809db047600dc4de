import type { Component } from "@mlstack/core";
import type { ConformanceSuite } from "./suite.ts";

/** A suite whose types are known to the cases in it alone. */
export type AnySuite = ConformanceSuite<unknown, unknown, string>;

/** The component that a subject opens: of an `ArtifactStoreSubject` an `ArtifactStore`. Of a subject without `open` any component. */
export type ComponentOf<Subject> = Subject extends { open(...args: never[]): Promise<infer C extends Component> } ? C : Component;

/** What a target is told when it is started. */
export interface TargetContext<C extends Component = Component> {
  /** An empty folder of this machine, removed afterwards. */
  readonly folder: string;
  /** What the component is told of as the project's folder and its private one: for looking at what it keeps there. Another one than `folder`; removed afterwards, too. */
  readonly projectDir: string;
  readonly stateDir: string;
  /**
   * Makes the component as a stack would: the plugin's entry is imported as its manifest says, and the configuration goes through the plugin's schema, references
   * to variables (`${env:NAME}`) included. Each time another object.
   *
   * @param config as a user writes it, keys in camelCase
   * @throws what a stack that asks for it would throw: MLS2001–MLS2010
   */
  open(config?: Readonly<Record<string, unknown>>): Promise<C>;
  /**
   * For `client` of an orchestrator's subject: arguments of Node for a program that opens the component in a process of its own, for the cases that end their client.
   *
   * @param config as of `open`. It is among the arguments, so secrets in it are references
   */
  client(config?: Readonly<Record<string, unknown>>): readonly string[];
  /** Ends the target as skipped, with a reason that is printed: `if (url === undefined) return context.skip("ACME_URL is not set: there is no service to test against")`. */
  skip(reason: string): never;
  /** Aborted when the run of the kit is to end. */
  readonly signal: AbortSignal;
  /** Printed with the outcome; `MLSTACK_SEED` and `--seed` set it. What is random in a target is made of it, so that a failure comes again. */
  readonly seed: number;
  /** The time, in milliseconds since 1970 (UTC). */
  now(): number;
}

/** What is under test, as long as it is. */
export interface StartedTarget<Subject = unknown> {
  readonly subject: Subject;
  /** Ends what was started. Is called once, also where cases have failed or the run was interrupted. */
  stop?(): Promise<void> | void;
}

/**
 * How one component of a plugin is put under test. `conformance.ts` of the package has a list of them as its default export, and whatever binds them to a runner
 * (`mlstack plugin test`, `pluginConformance`) runs the same.
 */
export interface ConformanceTarget {
  /** Of the suite, such as `artifact_store@1`. */
  readonly contract: string;
  /** As the manifest has it; of formats the format's id. */
  readonly flavor: string;
  readonly suite: AnySuite;
  /** Longest that a case may take, in milliseconds; 60,000 by default. */
  readonly limitMs?: number | undefined;
  start(context: TargetContext): Promise<StartedTarget> | StartedTarget;
}

/**
 * Puts a component under test by the suite of its contract; of the suite follows what `start` has to give, and the type of what it opens.
 *
 * @example
 * export default [
 *   conformanceTarget(artifactStoreSuite, { flavor: "acme", start: ({ folder, open }) => ({ subject: { open: () => open({ path: folder }) } }) }),
 * ];
 * @param suite of this package, or of a package that brings a contract of its own
 */
export function conformanceTarget<Subject, Context, Need extends string>(suite: ConformanceSuite<Subject, Context, Need>, options: {
  readonly flavor: string;
  readonly limitMs?: number | undefined;
  start(context: TargetContext<ComponentOf<Subject>>): Promise<StartedTarget<NoInfer<Subject>>> | StartedTarget<NoInfer<Subject>>;
}): ConformanceTarget {
  const { flavor, limitMs } = options;
  // `open` gives what the manifest says it does; that it does is among the cases of the suite
  return { contract: suite.contract, flavor, suite, limitMs, start: async (context) => options.start(context as TargetContext<ComponentOf<Subject>>) };
}

/** Of suites of formats; they are under test as components are, and a target's flavor is the format's id. */
export const FORMAT_CONTRACT = "format@1";

/** Whether a value is a list of targets: what the default export of a `conformance.ts` has to be. */
export function areTargets(value: unknown): value is readonly ConformanceTarget[] {
  return Array.isArray(value) && value.every((one: unknown) => {
    if (typeof one !== "object" || one === null) return false;
    const { contract, flavor, suite, start } = one as Partial<Record<keyof ConformanceTarget, unknown>>;
    return typeof contract === "string" && typeof flavor === "string" && typeof suite === "object" && suite !== null && typeof start === "function";
  });
}
