import { didYouMean, MlstackError, nameList, thereAre } from "@mlstack/core/errors";
import type { Project } from "../project/project.ts";
import { editProject, setAt, type EditOptions } from "./edit-files.ts";
import { sameDefinition, type ProjectComponent, type ProjectFiles } from "./project-files.ts";
import { componentsDocument, flagFor, written } from "./stack-edits.ts";

/** What an edit has done to a component. */
export interface ComponentChange {
  readonly type: string;
  readonly name: string;
  readonly what: "created" | "updated" | "unchanged" | "deleted";
  readonly file: string | undefined;
}

export type NewComponent = Pick<ProjectComponent, "type" | "name" | "flavor" | "aliases" | "configuration">;

/**
 * Defines a component in `stacks/components.yaml`. One that is the same already is left as it is.
 *
 * @throws MLS7011 where the name is taken by another one of that type, or can't be one
 */
export function registerComponent(project: Project, component: NewComponent): Promise<ComponentChange> {
  const { type, name } = component;
  return editProject(project, (e) => {
    if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/.test(name)) throw new MlstackError("MLS7011", `${JSON.stringify(name)} can't be the name of a component`, { fix: "use letters, digits, ., - and _, at most 100" });
    const there = e.files.components.filter((c) => c.type === type && c.name === name && c.at !== undefined);
    if (there.length > 0) {
      const [found] = there;
      if (there.every((c) => sameDefinition(c, component))) return { type, name, what: "unchanged", file: found!.at!.file };
      throw new MlstackError("MLS7011", `there is a ${type} ${JSON.stringify(name)} already, defined otherwise`, { why: `${found!.at!.file}, line ${found!.at!.line}`, fix: `mlstack component update ${name}, or take another name`, details: { type, component: name } });
    }
    const { document, path } = componentsDocument(e);
    setAt(e, document, path, ["components", type, name], document.createNode(written(component, false)));
    return { type, name, what: "created", file: "stacks/components.yaml" };
  });
}

/** What is changed of a component. */
export interface ComponentUpdate {
  /** Values by their keys as they are written, the keys of parts with dots between. */
  readonly set: ReadonlyMap<string, unknown>;
  readonly unset: readonly string[];
  readonly addAliases: readonly string[];
  readonly removeAliases: readonly string[];
}

/** What a component is after an update, before it is written. Throws MLS7012 for a key or alias that is not there. */
export function updated(c: ProjectComponent, { set, unset, addAliases, removeAliases }: ComponentUpdate): NewComponent {
  const configuration = structuredClone(c.configuration ?? {}) as Record<string, unknown>;
  for (const [key, value] of set) put(configuration, key.split("."), value);
  for (const key of unset) if (!take(configuration, key.split("."))) throw new MlstackError("MLS7012", `the ${c.type} ${JSON.stringify(c.name)} has no setting ${key}`, { why: `it has ${Object.keys(c.configuration ?? {}).join(", ") || "none"}`, fix: "name one of these" });
  const lacks = removeAliases.find((a) => !c.aliases.includes(a));
  if (lacks !== undefined) throw new MlstackError("MLS7012", `the ${c.type} ${JSON.stringify(c.name)} has no alias ${JSON.stringify(lacks)}`, { why: `it has ${nameList(c.aliases)}`, fix: "name one of these" });
  return { type: c.type, name: c.name, flavor: c.flavor, configuration: Object.keys(configuration).length === 0 ? undefined : configuration, aliases: [...c.aliases.filter((a) => !removeAliases.includes(a)), ...addAliases.filter((a) => !c.aliases.includes(a))] };
}

/** Changes a component where it is defined; comments and order stay. Throws MLS7012, MLS7013 for a built-in one. */
export function updateComponent(project: Project, type: string, name: string, update: ComponentUpdate): Promise<ComponentChange> {
  return editProject(project, (e) => {
    const c = e.files.component(type, name);
    if (c.source === undefined) throw builtIn(c);
    const next = updated(c, update);
    if (sameDefinition(c, next)) return { type, name, what: "unchanged", file: c.at?.file };
    const document = e.document(c.source.yaml.path);
    const at = (...keys: readonly string[]) => [...c.source!.path, ...keys];
    if (c.configuration === undefined && update.set.size > 0) document.setIn(at("configuration"), document.createNode({}));
    for (const [key, value] of update.set) setAt(e, document, c.source.yaml.file, at("configuration", ...key.split(".")), typeof value === "object" && value !== null ? document.createNode(value) : value);
    for (const key of update.unset) document.deleteIn(at("configuration", ...key.split(".")));
    if (next.configuration === undefined) document.deleteIn(at("configuration"));
    if (next.aliases.length === 0) document.deleteIn(at("aliases"));
    else if (JSON.stringify(next.aliases) !== JSON.stringify(c.aliases)) document.setIn(at("aliases"), document.createNode([...next.aliases], { flow: true }));
    return { type, name, what: "updated", file: c.at?.file };
  });
}

/** Removes a component that no stack has. Throws MLS7012, MLS7013 with the stacks that have it. */
export function deleteComponent(project: Project, type: string, name: string, options?: EditOptions): Promise<ComponentChange> {
  return editProject(project, (e) => {
    const c = e.files.component(type, name);
    if (c.source === undefined) throw builtIn(c);
    const users = e.files.usersOf(c);
    if (users.length > 0) {
      const isNeeded = type === "artifact_store" || type === "orchestrator";
      throw new MlstackError("MLS7013", `the ${type} ${JSON.stringify(name)} is used by ${nameList(users)}`, { fix: `mlstack stack update ${users[0]!} ${isNeeded ? flagFor(type, "ANOTHER") : `--remove ${type}`}, or delete the stack`, details: { type, component: name, stacks: users } });
    }
    const document = e.document(c.source.yaml.path);
    document.deleteIn(c.source.path);
    const ofType = document.getIn(["components", type]) as { items?: readonly unknown[] } | undefined;
    if (ofType?.items?.length === 0) document.deleteIn(["components", type]);
    return { type, name, what: "deleted", file: c.at?.file };
  }, options);
}

/**
 * The component of a name, of whatever type.
 *
 * @throws MLS7012 where there is none, or several types have one of that name and none is given
 */
export function componentNamed(files: ProjectFiles, name: string, type: string | undefined): ProjectComponent {
  const types = [...new Set(files.components.filter((c) => c.name === name).map((c) => c.type))];
  if (type !== undefined) return files.component(type, name);
  if (types.length === 1) return files.component(types[0]!, name);
  if (types.length > 1) throw new MlstackError("MLS7012", `${JSON.stringify(name)} is the name of ${types.length} components`, { why: `of the types ${types.join(", ")}`, fix: `--type ${types[0]!}` });
  const known = [...new Set(files.components.map((c) => c.name))];
  const [unread] = files.broken;
  const near = didYouMean(name, known);
  throw new MlstackError("MLS7012", `there is no component ${JSON.stringify(name)}`, { why: `${thereAre(known)}${unread === undefined ? "" : `; a file can't be read: ${unread.message}`}`, fix: near === undefined ? `mlstack component list, or mlstack component register ${name} --type TYPE --flavor FLAVOR` : `write ${near}` });
}

const builtIn = ({ type, name }: ProjectComponent) => new MlstackError("MLS7013", `the ${type} ${JSON.stringify(name)} is built in`, { why: "it is what runs where nothing else is set", fix: `define one of your own: mlstack component register NAME --type ${type} --flavor local` });

/** Sets a value below keys, making what is missing on the way. */
function put(into: Record<string, unknown>, [key = "", ...rest]: readonly string[], value: unknown): void {
  if (rest.length === 0) { Object.defineProperty(into, key, { value, enumerable: true, configurable: true, writable: true }); return; }
  const below = Object.hasOwn(into, key) && typeof into[key] === "object" && into[key] !== null ? (into[key] as Record<string, unknown>) : {};
  put(below, rest, value);
  put(into, [key], below);
}

/** Removes what lies below keys; says whether there was anything. */
function take(from: Record<string, unknown>, [key = "", ...rest]: readonly string[]): boolean {
  if (!Object.hasOwn(from, key)) return false;
  if (rest.length === 0) return Reflect.deleteProperty(from, key);
  const below = from[key];
  return typeof below === "object" && below !== null && take(below as Record<string, unknown>, rest);
}
