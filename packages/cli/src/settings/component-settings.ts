import { join } from "node:path";
import { camelCase, snakeCase, type PluginLoader } from "@mlstack/core";
import { KEY_VARIABLE, keyFileOf, type ComponentSpec, type StackSpec } from "@mlstack/engine";
import { placeOf, type Project, type ProjectComponent } from "@mlstack/engine/project-files";
import { maskedConfiguration } from "../commands/masked.ts";
import { concurrencyOf } from "../commands/run-file.ts";
import { byDefault, byFile, byVariable, type Origin, type Setting } from "./setting.ts";

/** A component of the stack in use, and where it is written, as far as that is known. */
export interface UsedComponent {
  readonly type: string;
  readonly spec: ComponentSpec;
  readonly found: ProjectComponent | undefined;
  /** The file of a stack that was named by its path. */
  readonly file: string | undefined;
}

/** A component, and the settings that it is made with: those that are written, and its flavor's defaults. */
export async function componentSettings({ type, spec, found, file }: UsedComponent, stack: StackSpec, project: Project, loader: PluginLoader): Promise<Setting[]> {
  const offered = (await loader.flavors(type)).find((f) => f.flavor === spec.flavor || f.entry.aliases.includes(spec.flavor))?.entry;
  const properties = (offered?.config as { readonly properties?: Readonly<Record<string, { readonly default?: unknown }>> } | undefined)?.properties ?? {};
  const written = found?.configuration ?? Object.fromEntries(Object.entries(spec.config ?? {}).map(([key, value]) => [snakeCase(key), value]));
  // without its schema nobody knows which of them are secrets
  const shown = offered === undefined ? Object.fromEntries(Object.keys(written).map((key) => [key, "[not shown: no plugin offers the flavor]"])) : await maskedConfiguration(loader, type, spec.flavor, written);
  const of = (key: string): Origin => (found?.source !== undefined ? byFile(found.source.yaml.file, placeOf(found.source.yaml, [...found.source.path, "configuration", key]).line) : file === undefined ? byDefault : byFile(file));
  const settings: Setting[] = Object.entries(shown).map(([key, value]) => ({ setting: `${type}.${key}`, value: plain(value), origin: of(key) }));
  const defaults = { ...Object.fromEntries(Object.entries(properties).flatMap(([key, schema]) => (schema.default === undefined ? [] : [[snakeCase(key), schema.default]]))), ...madeHere(type, spec, stack, project) };
  for (const [key, value] of Object.entries(defaults)) if (!Object.keys(written).some((k) => camelCase(k) === camelCase(key))) settings.push({ setting: `${type}.${key}`, value: plain(value), origin: byDefault });
  const at = found?.at === undefined ? (file === undefined ? byDefault : byFile(file)) : byFile(found.at.file, found.at.line);
  return [{ setting: type, value: `${spec.name} (${spec.flavor})`, origin: at }, ...settings, ...(type === "secret_store" && spec.flavor === "file" && written["key_file"] === undefined ? [secretsKey()] : [])];
}

/** What opens encrypted secrets: the variable, whose value is never shown, or the key file. */
export function secretsKey(env: Readonly<Record<string, string | undefined>> = process.env): Setting {
  const isSet = (env[KEY_VARIABLE] ?? "") !== "";
  return { setting: "secrets.key", value: isSet ? "[secret]" : keyFileOf(env), origin: isSet ? byVariable(KEY_VARIABLE) : byDefault };
}

/** Defaults that depend on the machine and the project, and so stand in no schema. */
function madeHere(type: string, { flavor }: ComponentSpec, stack: StackSpec, { stateDir }: Project): Record<string, unknown> {
  switch (`${type} ${flavor}`) {
    case "artifact_store local": return { path: join(stateDir, "store") };
    case "experiment_tracker local": return { path: join(stateDir, "tracking") };
    case "secret_store file": return { path: join(stateDir, "secrets") };
    case "orchestrator local": {
      const concurrency = concurrencyOf({}, stack);
      // where a stack says how steps run, that holds; else the command line runs them in worker processes, as many as there are cores
      return concurrency === undefined ? {} : { concurrency, isolation: "process" };
    }
    default: return {};
  }
}

/** A password in an address is not repeated. */
function plain(value: unknown): Setting["value"] {
  return typeof value === "string" ? value.replaceAll(/:\/\/[^\s/@]+@/g, "://[secret]@") : (value as Setting["value"]);
}
