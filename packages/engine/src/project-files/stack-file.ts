import { basename, extname } from "node:path";
import { didYouMean } from "@mlstack/core/errors";
import { componentAt, type WrittenComponent } from "./component-shape.ts";
import { invalid, isMapping, knownKeys, placeOf, readYaml, shown, textAt, type Yaml, type YamlFile } from "./yaml-file.ts";

/** A stack's file: its components by type, each defined there or named, and then defined elsewhere in the project. */
export interface StackFile {
  readonly name: string;
  readonly source: YamlFile;
  readonly parts: ReadonlyMap<string, StackPart>;
}

export type StackPart = { readonly line: number; readonly name: string } & ({ readonly defined: WrittenComponent } | { readonly defined: undefined });

/** A file of components that belong to no stack in particular. */
export interface ComponentsFile {
  readonly source: YamlFile;
  readonly components: readonly { readonly type: string; readonly name: string; readonly line: number; readonly defined: WrittenComponent }[];
}

const WHAT = "stack";
const FORM = "write components: with a line for each, such as artifact_store: { type: local }";
const KEYS = ["version", "zenml_version", "name", "components"];
const MEANT: Readonly<Record<string, string>> = { stack_name: "name", id: "name", stack: "name", parts: "components" };

/** @throws MLS7004 when it is not a stack, with the place; MLS7010 */
export function readStackFile(yaml: Yaml, path: string, projectDir: string): StackFile {
  const source = readYaml(yaml, path, projectDir, WHAT, FORM);
  const { value } = source;
  const { components } = value;
  if (components === undefined && didYouMean("components", Object.keys(value)) === undefined && !Object.keys(value).some((key) => MEANT[key] === "components")) throw invalid(source, [], `is not a ${WHAT}: it has no components`, FORM);
  knownKeys(source, [], value, KEYS, WHAT, MEANT);
  if (!isMapping(components)) throw invalid(source, ["components"], `is not a ${WHAT}: components is no list of components`, FORM);
  const name = textAt(source, ["name"], value["name"], WHAT);
  const parts = Object.entries(components).filter(([type]) => !type.startsWith("x-")).map(([type, part]): [string, StackPart] => {
    const { line } = placeOf(source, ["components", type]);
    if (typeof part === "string" && part !== "") return [type, { line, name: part, defined: undefined }];
    const defined = componentAt(source, ["components", type], part, WHAT, true);
    return [type, { line, name: defined.name ?? `${defined.flavor}_${type}`, defined }];
  });
  return { name: name ?? basename(path, extname(path)), source, parts: new Map(parts) };
}

const COMPONENTS = "file of components";
const COMPONENTS_FORM = "write components: with component types, below each the names, below each type: and the flavor";

/** @throws MLS7004, MLS7010 */
export function readComponentsFile(yaml: Yaml, path: string, projectDir: string): ComponentsFile {
  const source = readYaml(yaml, path, projectDir, COMPONENTS, COMPONENTS_FORM);
  knownKeys(source, [], source.value, ["version", "components"], COMPONENTS);
  const all = source.value["components"] ?? {};
  if (!isMapping(all)) throw invalid(source, ["components"], `is not a ${COMPONENTS}: components is ${shown(all)}`, COMPONENTS_FORM);
  const components = Object.entries(all).flatMap(([type, of]) => {
    if (of === null) return [];
    if (!isMapping(of)) throw invalid(source, ["components", type], `is not a ${COMPONENTS}: components.${type} is ${shown(of)}`, COMPONENTS_FORM);
    return Object.entries(of).map(([name, value]) => {
      const path = ["components", type, name];
      return { type, name, line: placeOf(source, path).line, defined: componentAt(source, path, value, COMPONENTS, false) };
    });
  });
  return { source, components };
}
