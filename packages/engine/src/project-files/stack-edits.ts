import { existsSync } from "node:fs";
import { join } from "node:path";
import { MlstackError } from "@mlstack/core/errors";
import type { YAMLMap } from "yaml";
import type { Project } from "../project/project.ts";
import { editProject, setAt, type Edit, type EditOptions } from "./edit-files.ts";
import { COMPONENTS_NAME, isStackName, sameDefinition, STACKS_FOLDER, type ProjectComponent, type ProjectFiles } from "./project-files.ts";
import { fileName } from "./yaml-file.ts";
import { readStackFile, type StackFile } from "./stack-file.ts";

/** What an edit has done. */
export interface StackChange {
  readonly stack: string;
  /** `unchanged`: it was so already. */
  readonly what: "created" | "updated" | "unchanged" | "deleted";
  /** From the project's folder. */
  readonly file: string | undefined;
  /** Components whose definition was moved to `stacks/components.yaml`, for others name them. */
  readonly moved: readonly string[];
}

/** Names of components by type. */
export type Parts = ReadonlyMap<string, string>;

/**
 * Registers a stack of components that the project's files define. One that is the same already is left as it is.
 *
 * @throws MLS7011 where there is another one of that name; MLS7012, MLS7004 for its components
 */
export function registerStack(project: Project, name: string, parts: Parts): Promise<StackChange> {
  return editProject(project, (e) => {
    const { files } = e;
    newName(files, name);
    for (const [type, component] of parts) files.component(type, component);
    const there = files.stacks.find((s) => s.name === name);
    if (there !== undefined) {
      const found = files.find(name);
      const differs = [...new Set([...parts.keys(), ...found.parts.keys()])].filter((type) => parts.get(type) !== found.parts.get(type));
      if (differs.length === 0) return { stack: name, what: "unchanged", file: found.file, moved: [] };
      const [type = ""] = differs;
      throw new MlstackError("MLS7011", `there is a stack ${JSON.stringify(name)} already, with other components`, {
        why: `its ${type} is ${found.parts.get(type) === undefined ? "none" : JSON.stringify(found.parts.get(type))}, not ${parts.get(type) === undefined ? "none" : JSON.stringify(parts.get(type))}${found.file === undefined ? "; it is built in" : ` (${found.file})`}`,
        fix: found.file === undefined ? "take another name" : `mlstack stack update ${name} ${differs.map((t) => (parts.has(t) ? flagFor(t, parts.get(t)!) : `--remove ${t}`)).join(" ")}`, details: { stack: name, types: differs },
      });
    }
    return { stack: name, what: "created", file: create(e, name, Object.fromEntries(parts)), moved: [] };
  });
}

/**
 * Changes which components a stack has. A definition in its file that is replaced is kept in `stacks/components.yaml`.
 *
 * @throws MLS7003, MLS7012, MLS7013 for what can't be taken out
 */
export function updateStack(project: Project, name: string, set: Parts, remove: readonly string[]): Promise<StackChange> {
  return editProject(project, (e) => {
    const stack = e.files.find(name);
    if (stack.path === undefined) throw builtIn(name);
    for (const [type, component] of set) e.files.component(type, component);
    const lacks = remove.find((type) => !stack.parts.has(type));
    if (lacks !== undefined) throw new MlstackError("MLS7012", `the stack ${JSON.stringify(name)} has no ${lacks}`, { why: `it has ${[...stack.parts.keys()].join(", ")}`, fix: "name one of these" });
    const needed = remove.find((type) => type === "artifact_store" || type === "orchestrator");
    if (needed !== undefined) throw new MlstackError("MLS7013", `the ${needed} of the stack ${JSON.stringify(name)} can't be removed`, { why: "no pipeline runs without one", fix: `put another in its place: mlstack stack update ${name} ${flagFor(needed, "NAME")}` });
    const changes = [...[...set].filter(([type, component]) => stack.parts.get(type) !== component), ...remove.map((type) => [type, undefined] as const)];
    if (changes.length === 0) return { stack: name, what: "unchanged", file: stack.file, moved: [] };
    const moved = changes.flatMap(([type]) => keep(e, e.files.components.filter((c) => c.type === type && c.at?.file === stack.file)));
    const document = e.document(stack.path);
    for (const [type, component] of changes) if (component === undefined) document.deleteIn(["components", type]); else document.setIn(["components", type], component);
    return { stack: name, what: "updated", file: stack.file, moved };
  });
}

/** Makes a stack of the components of another one. Throws MLS7003, MLS7011. */
export function copyStack(project: Project, from: string, to: string): Promise<StackChange> {
  return editProject(project, (e) => {
    const parts = e.files.partsOf(from);
    newName(e.files, to);
    if (e.files.stacks.some((s) => s.name === to)) throw new MlstackError("MLS7011", `there is a stack ${JSON.stringify(to)} already`, { fix: "take another name" });
    // what is built in is written out: there is no file in which it could be changed
    const written = Object.fromEntries([...parts].map(([type, c]) => [type, c.at === undefined ? { type: c.flavor, name: c.name } : c.name]));
    return { stack: to, what: "created", file: create(e, to, written), moved: [] };
  });
}

/** Removes a stack's file; what other stacks name of it is kept. Throws MLS7003, MLS7013 for the built-in one. */
export function deleteStack(project: Project, name: string, options?: EditOptions): Promise<StackChange> {
  return editProject(project, (e) => {
    const stack = e.files.find(name);
    if (stack.path === undefined) throw builtIn(name);
    const moved = keep(e, e.files.components.filter((c) => c.at?.file === stack.file && e.files.usersOf(c).some((user) => user !== name)));
    e.remove(stack.path);
    return { stack: name, what: "deleted", file: stack.file, moved };
  }, options);
}

/**
 * Makes the project's stack what a file says: one of the folder `stacks` is there already, another one is copied into it, comments and all.
 *
 * @throws MLS7003, MLS7004, MLS7010, MLS7012
 */
export function applyStack(project: Project, path: string): Promise<StackChange> {
  return editProject(project, (e) => {
    const given = readStackFile(e.yaml, path, project.dir);
    const { name } = given;
    newName(e.files, name);
    const own = e.files.stacks.find((s) => s.name === name && s.path !== undefined);
    for (const [type, part] of given.parts) if (part.defined === undefined) e.files.component(type, part.name);
    if (own?.path === path) { e.files.find(name); return { stack: name, what: "unchanged", file: own.file, moved: [] }; }
    if (own !== undefined && sameStack(given, readStackFile(e.yaml, own.path!, project.dir))) return { stack: name, what: "unchanged", file: own.file, moved: [] };
    const to = own?.path ?? join(project.dir, STACKS_FOLDER, `${name}.yaml`);
    if (own === undefined && existsSync(to)) throw new MlstackError("MLS7011", `${fileName(to, project.dir)} is there already, and is another stack`, { fix: "give the stack another name" });
    const lost = own === undefined ? [] : e.files.components.filter((c) => c.at?.file === own.file && e.files.usersOf(c).some((user) => user !== name) && given.parts.get(c.type)?.name !== c.name);
    const moved = keep(e, lost);
    e.write(to, given.source.text);
    return { stack: name, what: own === undefined ? "created" : "updated", file: fileName(to, project.dir), moved };
  });
}

/** A stack as one file that needs no other: every component defined in it, secrets as references. */
export function exportStack(yaml: Edit["yaml"], files: ProjectFiles, name: string): string {
  const components = Object.fromEntries([...files.partsOf(name)].map(([type, c]) => [type, written(c, true)]));
  return new yaml.Document({ version: 1, name, components }).toString({ lineWidth: 0 });
}

/** Moves definitions to `stacks/components.yaml`, unless they are there. Their comments go with them. */
function keep(e: Edit, components: readonly ProjectComponent[]): string[] {
  return components.filter((c) => !e.files.components.some((other) => other.stack === undefined && other.type === c.type && other.name === c.name && other.at !== undefined)).map((c) => {
    const from = c.source!.yaml.document.getIn(c.source!.path, true) as YAMLMap | undefined;
    const { document, path } = componentsDocument(e);
    // what points to another place of its file is written out
    const node = from === undefined || hasAliases(e, c.source!.yaml.document) ? document.createNode(written(c, false)) : (from.clone() as YAMLMap);
    node.delete("name");
    setAt(e, document, path, ["components", c.type, c.name], node);
    return c.name;
  });
}

function hasAliases({ yaml }: Edit, document: ReturnType<Edit["document"]>): boolean {
  let found = false;
  yaml.visit(document, { Alias() { found = true; return yaml.visit.BREAK; } });
  return found;
}

/** The document of `stacks/components.yaml`, begun where there is none. */
export function componentsDocument(e: Edit): { readonly document: ReturnType<Edit["document"]>; /** As messages name its file. */ readonly path: string } {
  const folder = join(e.files.dir, STACKS_FOLDER);
  const yml = join(folder, `${COMPONENTS_NAME}.yml`);
  const path = existsSync(yml) ? yml : join(folder, `${COMPONENTS_NAME}.yaml`);
  const broken = e.files.broken.find((b) => b.details?.["file"] === fileName(path, e.files.dir));
  if (broken !== undefined) throw broken;
  const document = e.document(path, "# Components that stacks name: by type, then by name.\ncomponents: {}\n");
  const components = document.get("components", true);
  if (components === undefined) document.set("components", new e.yaml.YAMLMap());
  else if (e.yaml.isMap(components) && components.items.length === 0) components.flow = false;
  return { document, path: fileName(path, e.files.dir) };
}

/** A component as a file has it. */
export function written(c: Pick<ProjectComponent, "name" | "flavor" | "aliases" | "configuration">, named: boolean): Record<string, unknown> {
  return { type: c.flavor, ...(named && { name: c.name }), ...(c.aliases.length > 0 && { aliases: [...c.aliases] }), ...(c.configuration !== undefined && { configuration: c.configuration }) };
}

function create(e: Edit, name: string, components: Record<string, unknown>): string {
  const path = join(e.files.dir, STACKS_FOLDER, `${name}.yaml`);
  if (existsSync(path)) throw new MlstackError("MLS7011", `${STACKS_FOLDER}/${name}.yaml is there already, and is another stack`, { why: "name: in it says so", fix: "take another name" });
  e.write(path, new e.yaml.Document({ components }).toString({ lineWidth: 0 }));
  return `${STACKS_FOLDER}/${name}.yaml`;
}

/** @throws MLS7011 */
function newName(files: ProjectFiles, name: string): void {
  if (!isStackName(name)) throw new MlstackError("MLS7011", `${JSON.stringify(name)} can't be the name of a stack`, { why: name === COMPONENTS_NAME ? `${STACKS_FOLDER}/${COMPONENTS_NAME}.yaml holds components of no stack in particular` : "it becomes a file's name", fix: "use letters, digits, - and _, at most 100" });
  const near = files.stacks.find((s) => s.name !== name && s.name.toLowerCase() === name.toLowerCase());
  if (near !== undefined) throw new MlstackError("MLS7011", `there is a stack ${JSON.stringify(near.name)} already`, { why: "some file systems can't tell the two names apart", fix: "take another name" });
}

const builtIn = (name: string) => new MlstackError("MLS7013", `the stack ${JSON.stringify(name)} is built in`, { why: "it is what runs where nothing else is set", fix: `make one of your own: mlstack stack copy ${name} NAME` });

/** `--artifact-store NAME`; a type of a plugin by `--component TYPE=NAME`. */
export function flagFor(type: string, name: string): string {
  return type.includes(".") ? `--component ${type}=${name}` : `--${type.replaceAll("_", "-")} ${name}`;
}

function sameStack(a: StackFile, b: StackFile): boolean {
  return a.parts.size === b.parts.size && [...a.parts].every(([type, part]) => {
    const other = b.parts.get(type);
    if (other === undefined || other.name !== part.name || (other.defined === undefined) !== (part.defined === undefined)) return false;
    return part.defined === undefined || sameDefinition({ ...part.defined, aliases: part.defined.aliases ?? [] }, { ...other.defined!, aliases: other.defined!.aliases ?? [] });
  });
}
