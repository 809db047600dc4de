import type { z } from "zod";
import { MlstackError } from "../errors/mlstack-error.ts";
import type { Component, ComponentContext } from "../contracts/component.ts";
import { isBuiltInType, parseContractId, type ComponentTypeId, type ComponentTypes, type ContractDescriptor } from "../contracts/registry.ts";
import type { Permissions } from "./manifest.ts";

const PLUGIN: unique symbol = Symbol.for("mlstack.plugin") as never;

/** One flavor of a component type. */
export interface ComponentDefinition<C extends Component = Component, S extends z.ZodType = z.ZodType> {
  /** Such as `artifact_store@1`. */
  readonly contract: string;
  /**
   * Of a type that another package brings, the name of that package: `@acme/mlstack-vector-index` for `acme.vector_index@1`. It is what is to be
   * installed where the type is not known. Left out for types of core's, and for those that the plugin brings itself.
   */
  readonly contractPackage?: string | undefined;
  /** The word in a stack file's `type`, such as `s3`. */
  readonly flavor: string;
  /** Other words for the same flavor, such as `gcp`. */
  readonly aliases?: readonly string[] | undefined;
  /** A line for lists: what it is and whose service it uses. */
  readonly description: string;
  /** The configuration, strict: an unknown key is an error. Keys are camelCase here and snake_case in YAML. */
  readonly config: S;
  /** What it reaches outside of the process. */
  readonly permissions?: Permissions | undefined;
  /**
   * Whether it works only where the project's folder is, for it keeps things there. `{ unless }` names the key of the configuration that tells
   * it another folder: with an absolute path there it works elsewhere, too. A stack with such a component can't run steps elsewhere (MLS4004).
   */
  readonly local?: boolean | { readonly unless: string } | undefined;
  /** Makes the component. Imports the vendor's SDK here, not at the top of the module. */
  create(config: z.output<S>, context: ComponentContext): C | Promise<C>;
}

/** A format that a plugin documents. */
export interface FormatDescription {
  /** Id with major, such as `parquet.table/1`. */
  readonly format: string;
  /** A line for lists: what it holds, and in which files. */
  readonly description: string;
}

/** What a package brings; made by `definePlugin` alone. */
export interface PluginDefinition {
  readonly [PLUGIN]: 1;
  /** The npm package's name. */
  readonly name: string;
  /** All of its flavors. */
  readonly components: readonly ComponentDefinition[];
  /** The formats that it documents. */
  readonly formats: readonly FormatDescription[];
  /**
   * Exports of the package that only describe: they make a format, a schema or a step of their arguments, call none of the functions among
   * these, and read nothing from outside. A project's modules may call them at their top, and what nobody uses of it is no part of a key.
   */
  readonly pure: readonly string[];
  /** Component types of its own that this plugin brings. */
  readonly contracts: readonly ContractDescriptor[];
}

/**
 * Defines a component, its configuration typed by its schema.
 *
 * @example
 * component({ type: "artifact_store", version: 1, flavor: "s3", description: "…", config: z.strictObject({ bucket: z.string() }),
 *   create: async (config) => (await import("./s3-artifact-store.js")).s3ArtifactStore(config) })
 */
export function component<T extends ComponentTypeId, S extends z.ZodType>(
  def: Omit<ComponentDefinition<ComponentTypes[T], S>, "contract"> & { readonly type: T; readonly version: number },
): ComponentDefinition {
  const { type, version, ...rest } = def;
  // a component of one type is a Component; its config type is known to its own schema alone
  return { ...rest, contract: `${type}@${version}` };
}

/**
 * Defines a plugin. The result is the default export of the package's plugin entry.
 *
 * @throws MLS2001 when a contract id or a flavor is malformed, a flavor occurs twice, a pure export has no export's name, a type of somebody else's
 * comes without the package that brings it, or a type that it brings is none, or lacks what wraps an older version
 */
export function definePlugin(def: {
  readonly name: string;
  readonly components?: readonly ComponentDefinition[];
  readonly formats?: readonly FormatDescription[];
  readonly pure?: readonly string[];
  readonly contracts?: readonly ContractDescriptor[];
}): PluginDefinition {
  const seen = new Set<string>();
  for (const c of def.components ?? []) {
    const id = parseContractId(c.contract);
    if (id === undefined) throw new MlstackError("MLS2001", `${def.name}: "${c.contract}" is not a contract id`, { fix: "write it like artifact_store@1" });
    for (const flavor of [c.flavor, ...(c.aliases ?? [])]) {
      const key = `${id.type}/${flavor}`;
      if (!/^[a-z][a-z0-9_.-]*$/.test(flavor)) throw new MlstackError("MLS2001", `${def.name}: "${flavor}" is not a flavor's name`, { fix: "use lower-case letters, digits, _ . -" });
      if (seen.has(key)) throw new MlstackError("MLS2001", `${def.name}: the flavor "${flavor}" of ${id.type} is defined twice`);
      seen.add(key);
    }
    if (c.contractPackage === undefined && !isBuiltInType(id.type) && def.contracts?.some(({ type }) => type === id.type) !== true) {
      throw new MlstackError("MLS2001", `${def.name}: the component type ${id.type} is not one of @mlstack/core's, and this plugin does not bring it`, { fix: "say which package does: contractPackage: \"@acme/mlstack-vector-index\"" });
    }
  }
  for (const contract of def.contracts ?? []) checkContract(def.name, contract);
  const nameless = def.pure?.find((name) => !/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name));
  if (nameless !== undefined) throw new MlstackError("MLS2001", `${def.name}: ${JSON.stringify(nameless)} can't be the name of an export`, { fix: "list pure exports by their names" });
  return { [PLUGIN]: 1, name: def.name, components: def.components ?? [], formats: def.formats ?? [], pure: def.pure ?? [], contracts: def.contracts ?? [] };
}

/** @throws MLS2001 for a type that is core's or has no id's form, versions that are none or do not rise, and one that nothing wraps into the next */
function checkContract(plugin: string, { type, accepts, upgrade }: ContractDescriptor): void {
  const bad = (message: string, fix: string) => new MlstackError("MLS2001", `${plugin}: the component type ${JSON.stringify(type)} ${message}`, { fix });
  if (parseContractId(`${type}@1`) === undefined) throw bad("is not a type's id", "write it like acme.vector_index");
  if (isBuiltInType(type)) throw bad("is one of @mlstack/core's", "give the type a name of its own, such as acme.vector_index");
  if (accepts.length === 0 || accepts.some((v, i) => !Number.isInteger(v) || v < 1 || (i > 0 && v <= accepts[i - 1]!))) throw bad(`accepts [${accepts.join(", ")}]`, "list its versions from the oldest to the newest: accepts: [1, 2]");
  for (let v = accepts[0]!; v < accepts.at(-1)!; v++) {
    if (upgrade?.[v] === undefined) throw bad(`accepts version ${accepts[0]!}, and nothing wraps version ${v} into ${v + 1}`, `add upgrade: { ${v}: (component) => … }, or accept later versions only`);
  }
}

/** Whether a value is a plugin definition, from whichever copy of the package. */
export function isPluginDefinition(value: unknown): value is PluginDefinition {
  return typeof value === "object" && value !== null && PLUGIN in value;
}
