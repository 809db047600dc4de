import { existsSync, readdirSync } from "node:fs";
import { basename, extname, join } from "node:path";
import { didYouMean, MlstackError, nameList, thereAre } from "@mlstack/core/errors";
import type { JsonObject } from "@mlstack/core";
import type { ComponentSpec, StackSpec } from "../stack/stack.ts";
import type { WrittenComponent } from "./component-shape.ts";
import { LOCAL_STACK } from "./local-stack.ts";
import { PROJECT_FILE, readProjectFile, type ProjectFile } from "./project-file.ts";
import { readComponentsFile, readStackFile, type ComponentsFile } from "./stack-file.ts";
import { invalid, type Yaml, type YamlFile } from "./yaml-file.ts";

/** The folder of a project's stacks. */
export const STACKS_FOLDER = "stacks";
/** The file in it that holds components of no stack in particular. */
export const COMPONENTS_NAME = "components";

/** A component of the project: defined in a stack's file, in `stacks/components.yaml`, or built in. */
export interface ProjectComponent {
  readonly type: string;
  readonly name: string;
  readonly flavor: string;
  readonly aliases: readonly string[];
  /** As written: keys in snake_case, secrets as references. */
  readonly configuration: Readonly<Record<string, unknown>> | undefined;
  /** Undefined for one that is built in. */
  readonly at: { readonly file: string; readonly line: number } | undefined;
  /** Where its definition stands, to be edited. */
  readonly source: { readonly yaml: YamlFile; readonly path: readonly string[] } | undefined;
  /** The stack in whose file it is defined. */
  readonly stack: string | undefined;
}

/** A stack of the project, as it is listed. */
export interface ProjectStack {
  readonly name: string;
  /** From the project's folder; undefined for the built-in one. */
  readonly file: string | undefined;
  /** Absolute. */
  readonly path: string | undefined;
  /** Names of its components by type; empty for one whose file can't be read. */
  readonly parts: ReadonlyMap<string, string>;
  /** Why its file can't be used. */
  readonly broken: MlstackError | undefined;
}

/** The project's files as they are now. */
export interface ProjectFiles {
  readonly dir: string;
  /** `mlstack.yaml`. Throws MLS7004, MLS7010 where it can't be used. */
  readonly project: ProjectFile;
  /** The built-in one first, unless a file has its name; then by name. */
  readonly stacks: readonly ProjectStack[];
  /** All definitions, built-in ones last. */
  readonly components: readonly ProjectComponent[];
  /** Files that can't be read, and what is wrong with them. */
  readonly broken: readonly MlstackError[];
  /**
   * Throws MLS7003 where there is none, MLS7004 where its file can't be used or two files have its name, MLS7010.
   */
  find(name: string): ProjectStack;
  /** The components of a stack, by type. Throws as `find`, and MLS7012 for a name that nobody defines, MLS7004 for one that is defined in two ways. */
  partsOf(name: string): ReadonlyMap<string, ProjectComponent>;
  /**
   * The component that is meant by a name outside of a stack's own file.
   *
   * @throws MLS7012 where there is none; MLS7004 where files define it in different ways
   */
  component(type: string, name: string): ProjectComponent;
  /** The stacks that name a component or define it. */
  usersOf(component: Pick<ProjectComponent, "type" | "name">): readonly string[];
}

/** Reads `mlstack.yaml` and the files of the folder `stacks`. A broken file is no reason not to know the others. */
export function readProjectFiles(yaml: Yaml, dir: string): ProjectFiles {
  const folder = join(dir, STACKS_FOLDER);
  const broken: MlstackError[] = [];
  const read = <T>(work: () => T): T | MlstackError => {
    try { return work(); } catch (e) {
      if (!MlstackError.is(e)) throw e;
      broken.push(e);
      return e;
    }
  };
  const project = read(() => readProjectFile(yaml, dir));
  const names = yamlFiles(folder);
  const shared = names.filter((f) => stemOf(f) === COMPONENTS_NAME).map((f) => read(() => readComponentsFile(yaml, join(folder, f), dir))).filter((f): f is ComponentsFile => !MlstackError.is(f));
  const stackFiles = names.filter((f) => stemOf(f) !== COMPONENTS_NAME).map((f) => ({ f, stack: read(() => readStackFile(yaml, join(folder, f), dir)) }));
  const files = stackFiles.flatMap(({ stack }) => (MlstackError.is(stack) ? [] : [stack]));

  const components: ProjectComponent[] = [
    ...files.flatMap((s) => [...s.parts].flatMap(([type, part]) => (part.defined === undefined ? [] : [definition(type, part.name, part.defined, s.source, ["components", type], part.line, s.name)]))),
    ...shared.flatMap(({ source, components: all }) => all.map((c) => definition(c.type, c.name, c.defined, source, ["components", c.type, c.name], c.line, undefined))),
    ...Object.entries(LOCAL_STACK.components).map(([type, c]): ProjectComponent => ({ type, name: c.name, flavor: c.flavor, aliases: [], configuration: undefined, at: undefined, source: undefined, stack: undefined })),
  ];
  const own = stackFiles.map(({ f, stack }): ProjectStack => MlstackError.is(stack)
    ? { name: stemOf(f), file: `${STACKS_FOLDER}/${f}`, path: join(folder, f), parts: new Map(), broken: stack }
    : { name: stack.name, file: stack.source.file, path: stack.source.path, parts: new Map([...stack.parts].map(([type, part]) => [type, part.name])), broken: undefined });
  const local: ProjectStack = { name: LOCAL_STACK.name, file: undefined, path: undefined, parts: new Map(Object.entries(LOCAL_STACK.components).map(([type, c]) => [type, c.name])), broken: undefined };
  const stacks = [...(own.some((s) => s.name === local.name) ? [] : [local]), ...own.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))];

  function find(name: string): ProjectStack {
    const found = stacks.filter((s) => s.name === name);
    if (found.length > 1) throw new MlstackError("MLS7004", `${nameList(found.map((s) => s.file ?? ""))} are both the stack ${JSON.stringify(name)}`, { why: "a stack is named by its file, or by name: in it", fix: `give one of them another name, or remove it`, details: { stack: name, files: found.map((s) => s.file ?? "") } });
    const [stack] = found;
    if (stack?.broken !== undefined) throw stack.broken;
    if (stack !== undefined) return stack;
    const all = stacks.map((s) => s.name);
    const near = didYouMean(name, all);
    throw new MlstackError("MLS7003", `there is no stack ${JSON.stringify(name)}`, { why: thereAre(all), fix: near === undefined ? `mlstack stack register ${isStackName(name) ? name : "NAME"} --artifact-store NAME --orchestrator NAME, or write ${STACKS_FOLDER}/${isStackName(name) ? name : "NAME"}.yaml` : `write ${near}`, details: { stack: name } });
  }

  function component(type: string, name: string): ProjectComponent {
    const defined = components.filter((c) => c.type === type && c.name === name);
    // a project's own definition goes before a built-in one
    const given = defined.some((c) => c.at !== undefined) ? defined.filter((c) => c.at !== undefined) : defined;
    const [first] = given;
    if (first === undefined) throw noComponent(type, name);
    const other = given.find((c) => !sameDefinition(c, first));
    if (other === undefined) return first;
    throw new MlstackError("MLS7004", `the ${type} "${name}" is defined in ${first.at!.file}, line ${first.at!.line}, and otherwise in ${other.at!.file}, line ${other.at!.line}`, { why: "which one is meant can't be told by its name", fix: "give one of them another name", details: { type, component: name } });
  }

  function noComponent(type: string, name: string): MlstackError {
    const ofType = [...new Set(components.filter((c) => c.type === type).map((c) => c.name))];
    const elsewhere = components.find((c) => c.name === name);
    const near = didYouMean(name, ofType);
    const [unread] = broken;
    return new MlstackError("MLS7012", `there is no ${type} ${JSON.stringify(name)}`, {
      why: elsewhere !== undefined ? `${JSON.stringify(name)} is the name of a component of the type ${elsewhere.type}` : unread !== undefined ? `${ofType.length === 0 ? "" : `${thereAre(ofType)}; `}a file can't be read: ${unread.message}` : ofType.length === 0 ? `no file defines a component of this type` : thereAre(ofType),
      fix: near === undefined ? `mlstack component register ${name} --type ${type} --flavor FLAVOR` : `write ${near}`, details: { type, component: name },
    });
  }

  function partsOf(name: string): ReadonlyMap<string, ProjectComponent> {
    const stack = find(name);
    // a stack's own definitions first; the built-in stack has the built-in ones, whatever files call theirs
    const own = (c: ProjectComponent) => (stack.file === undefined ? c.at === undefined : c.stack === stack.name && c.at?.file === stack.file);
    return new Map([...stack.parts].map(([type, part]) => [type, components.find((c) => c.type === type && c.name === part && own(c)) ?? component(type, part)]));
  }

  return {
    dir, stacks, components, broken, find, component, partsOf,
    get project() { if (MlstackError.is(project)) throw project; return project; },
    usersOf: ({ type, name }) => stacks.filter((s) => s.parts.get(type) === name && s.file !== undefined).map((s) => s.name),
  };
}

/** The same, with the library loaded where there is a file to read. */
export async function openProjectFiles(dir: string): Promise<ProjectFiles> {
  const needs = existsSync(join(dir, PROJECT_FILE)) || yamlFiles(join(dir, STACKS_FOLDER)).length > 0;
  // without files nothing is parsed
  return readProjectFiles(needs ? await loadYaml() : (undefined as unknown as Yaml), dir);
}

export async function loadYaml(): Promise<Yaml> {
  const loaded = (await import("yaml")) as Yaml & { readonly default?: Yaml };
  return loaded.default ?? loaded;
}

/**
 * A stack as it is run: its components where they are defined, the project's aliases added, keys in camelCase.
 *
 * @throws as `partsOf`; MLS7004 for aliases of a component that is not there
 */
export async function stackSpecOf(files: ProjectFiles, name: string): Promise<StackSpec> {
  const parts = files.partsOf(name);
  const { aliases, source } = files.project;
  const stray = files.broken.length > 0 ? undefined : Object.keys(aliases).find((of) => !files.components.some((c) => c.name === of));
  if (stray !== undefined && source !== undefined) {
    const near = didYouMean(stray, files.components.map((c) => c.name));
    throw invalid(source, ["aliases", stray], `has aliases of ${JSON.stringify(stray)}, and no component has that name`, near === undefined ? "leave them out" : `write ${near}`);
  }
  return specOf(name, parts, aliases);
}

export async function specOf(name: string, parts: ReadonlyMap<string, Pick<ProjectComponent, "name" | "flavor" | "configuration" | "aliases">>, aliases: ProjectFile["aliases"]): Promise<StackSpec> {
  const { camelKeys } = await import("@mlstack/core");
  return {
    name,
    components: Object.fromEntries([...parts].map(([type, c]): [string, ComponentSpec] => {
      const also = [...new Set([...c.aliases, ...(Object.hasOwn(aliases, c.name) ? aliases[c.name]! : [])])];
      return [type, { name: c.name, flavor: c.flavor, ...(c.configuration !== undefined && { config: camelKeys(c.configuration as JsonObject) }), ...(also.length > 0 && { aliases: also }) }];
    })),
  };
}

/** Whether a stack or component can be given this name: it becomes a file's name, and stands on command lines. */
export function isStackName(name: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9_-]{0,99}$/.test(name) && name !== COMPONENTS_NAME;
}

/** Whether two definitions of a component say the same. */
export function sameDefinition(a: Pick<ProjectComponent, "flavor" | "configuration" | "aliases">, b: Pick<ProjectComponent, "flavor" | "configuration" | "aliases">): boolean {
  return a.flavor === b.flavor && sorted(a.configuration ?? {}) === sorted(b.configuration ?? {}) && sorted([...a.aliases].toSorted()) === sorted([...b.aliases].toSorted());
}

function sorted(value: unknown): string {
  return JSON.stringify(value, (_, v: unknown) => (typeof v === "object" && v !== null && !Array.isArray(v) ? Object.fromEntries(Object.entries(v).toSorted(([a], [b]) => (a < b ? -1 : 1))) : v));
}

function definition(type: string, name: string, { flavor, aliases = [], configuration }: WrittenComponent, source: YamlFile, path: readonly string[], line: number, stack: string | undefined): ProjectComponent {
  return { type, name, flavor, aliases, configuration, at: { file: source.file, line }, source: { yaml: source, path }, stack };
}

export function yamlFiles(folder: string): string[] {
  try { return readdirSync(folder).filter((f) => /\.ya?ml$/.test(f) && !f.startsWith(".")).toSorted(); } catch { return []; }
}

const stemOf = (file: string): string => basename(file, extname(file));
