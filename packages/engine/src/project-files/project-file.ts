import { existsSync } from "node:fs";
import { join } from "node:path";
import { policyOf, type IntegrationPolicy } from "./integration-policy.ts";
import { invalid, isMapping, knownKeys, readYaml, shown, textAt, textsAt, type Yaml, type YamlFile } from "./yaml-file.ts";

export const PROJECT_FILE = "mlstack.yaml";

/** What `mlstack.yaml` says. */
export interface ProjectFile {
  readonly source: YamlFile | undefined;
  /** Names the project in shared stores. */
  readonly id: string | undefined;
  /** Of the keyed hashes of environment variables. */
  readonly envSalt: string | undefined;
  readonly defaultStack: string | undefined;
  /** Further names of components, by name. */
  readonly aliases: Readonly<Record<string, readonly string[]>>;
  /** Which integrations may be installed. */
  readonly policy: IntegrationPolicy;
}

const WHAT = "project file";
const FORM = "write version: 1, or remove the file";
const KEYS = ["version", "project", "default_stack", "aliases", "integrations"];
/** Names that have a meaning already, and nothing that heeds them yet. */
const RESERVED = ["cache", "registries", "env"];
const MEANT: Readonly<Record<string, string>> = { stack: "default_stack", default: "default_stack", active_stack: "default_stack", id: "project: { id: … }", project_id: "project: { id: … }", name: "project: { id: … }", alias: "aliases", policy: "integrations", integration: "integrations" };

/**
 * Reads `mlstack.yaml`; one that is not there says nothing.
 *
 * @throws MLS7004, MLS7010
 */
export function readProjectFile(yaml: Yaml, projectDir: string): ProjectFile {
  const path = join(projectDir, PROJECT_FILE);
  if (!existsSync(path)) return { source: undefined, id: undefined, envSalt: undefined, defaultStack: undefined, aliases: {}, policy: {} };
  const source = readYaml(yaml, path, projectDir, WHAT, FORM);
  const { value } = source;
  const reserved = RESERVED.find((key) => Object.hasOwn(value, key));
  if (reserved !== undefined) throw invalid(source, [reserved], `has ${JSON.stringify(reserved)}, which is reserved: nothing heeds it yet`, "leave it out");
  knownKeys(source, [], value, KEYS, WHAT, MEANT);
  const project = value["project"] ?? {};
  if (!isMapping(project)) throw invalid(source, ["project"], `is not a ${WHAT}: project is ${shown(project)}`, "write project: { id: … }");
  knownKeys(source, ["project"], project, ["id", "env_salt"], WHAT, { salt: "env_salt" });
  const id = textAt(source, ["project", "id"], project["id"], WHAT);
  if (id !== undefined && !/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(id)) throw invalid(source, ["project", "id"], `is not a ${WHAT}: project.id is ${JSON.stringify(id)}`, "write letters, digits, - and _, at most 64");
  const aliases = value["aliases"] ?? {};
  if (!isMapping(aliases)) throw invalid(source, ["aliases"], `is not a ${WHAT}: aliases is ${shown(aliases)}`, "write COMPONENT: [NAME]");
  return {
    source, id, envSalt: textAt(source, ["project", "env_salt"], project["env_salt"], WHAT), defaultStack: textAt(source, ["default_stack"], value["default_stack"], WHAT),
    aliases: Object.fromEntries(Object.entries(aliases).map(([name, of]) => [name, textsAt(source, ["aliases", name], of, WHAT)!])),
    policy: policyOf(source, value["integrations"], WHAT),
  };
}
