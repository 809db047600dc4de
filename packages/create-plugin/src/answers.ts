import { basename, resolve } from "node:path";
import { parseArgs } from "node:util";
import { CreateError } from "./create-error.ts";
import { refuseUsed, type PluginPlan } from "./create-plugin.ts";
import { checkComponentType, checkFlavor, checkPackage, snakeCase } from "./names.ts";
import { isPluginType, PLUGIN_TYPES, type PluginType } from "./plugin-types.ts";
import type { Questions } from "./questions.ts";

/** What stands on the command line. */
export interface Given {
  readonly folder: string | undefined;
  readonly type: string | undefined;
  readonly flavor: string | undefined;
  readonly package: string | undefined;
  readonly componentType: string | undefined;
  readonly author: string | undefined;
  readonly license: string | undefined;
  readonly repository: string | undefined;
  readonly yes: boolean;
  readonly install: boolean;
  readonly help: boolean;
  readonly version: boolean;
}

/** @throws CreateError MLS8721 for what is not understood */
export function readArguments(argv: readonly string[]): Given {
  try {
    const text = { type: "string" } as const;
    const { values, positionals } = parseArgs({
      args: [...argv], allowPositionals: true,
      options: {
        type: text, flavor: text, package: text, "component-type": text, author: text, license: text, repository: text,
        yes: { type: "boolean", short: "y", default: false }, install: { type: "boolean", default: false }, help: { type: "boolean", short: "h", default: false }, version: { type: "boolean", short: "V", default: false },
      },
    });
    const [folder, second] = positionals;
    if (second !== undefined) throw new CreateError("MLS8721", `${JSON.stringify(second)} is one folder too many`, { fix: "put -- in front of the options: npm create mlstack-plugin FOLDER -- --type TYPE" });
    const { "component-type": componentType, type, flavor, package: name, author, license, repository, yes, install, help, version } = values;
    return { folder, type, flavor, package: name, componentType, author, license, repository, yes, install, help, version };
  } catch (e) {
    if (e instanceof CreateError) throw e;
    // the first sentence says which option it is
    throw new CreateError("MLS8721", (e as Error).message.split(/[.?]\s|\n/, 1)[0]!.replace(/\.$/, "").replace(/^[A-Z]/, (letter) => letter.toLowerCase()), { fix: "npm create mlstack-plugin -- --help shows the options" });
  }
}

/**
 * What the plugin is to be: what was given, asked for what is missing, or with the usual.
 *
 * @param questions undefined where nobody can be asked
 * @throws CreateError MLS8721 where something is missing and nobody can be asked, and as `createPlugin`; Cancelled
 */
export async function planOf(given: Given, questions: Questions | undefined): Promise<PluginPlan> {
  // what is given and wrong is said before anything is asked
  if (given.type !== undefined && !isPluginType(given.type)) throw new CreateError("MLS8721", `there is no type ${JSON.stringify(given.type)}`, { fix: `take one of ${Object.keys(PLUGIN_TYPES).join(", ")}` });
  if (given.flavor !== undefined) checkFlavor(given.flavor, given.type);
  if (given.package !== undefined) checkPackage(given.package);
  if (given.componentType !== undefined) checkComponentType(given.componentType);
  if (given.folder !== undefined) refuseUsed(resolve(given.folder));
  const missing = [...(given.type === undefined ? ["--type TYPE"] : []), ...(given.flavor === undefined ? ["--flavor NAME"] : [])];
  if (questions === undefined && missing.length > 0) {
    throw new CreateError("MLS8721", `${missing.join(" and ")} ${missing.length === 1 ? "is" : "are"} missing`, { why: `nobody can be asked: stdin or stderr is no terminal. Types are ${Object.keys(PLUGIN_TYPES).join(", ")}`, fix: `npm create mlstack-plugin ${given.folder ?? "FOLDER"} -- --type ${given.type ?? "artifact_store"} --flavor ${given.flavor ?? "acme"}` });
  }
  // with --yes nothing is asked that has a usual answer
  const ask = async (question: string, initial: string, check: (answer: string) => string): Promise<string> => (questions === undefined || given.yes ? check(initial) : questions.text(question, { initial, check }));

  const type: PluginType = given.type === undefined ? await questions!.choice("What does the plugin bring?", PLUGIN_TYPES) : given.type;
  const flavor = given.flavor ?? await questions!.text(type === "format" ? "The beginning of the format's id, such as acme" : "The flavor, which is the word in a stack file's type, such as acme", { check: (answer) => checkFlavor(answer, type) });
  const componentType = type === "component_type" ? (given.componentType ?? await ask("The component type's id", `${snakeCase(flavor)}.vector_index`, checkComponentType)) : undefined;
  // of a folder in whose name there is a package's the name is taken
  const usual = given.folder !== undefined && /^mlstack-plugin-[a-z0-9-]+$/.test(basename(resolve(given.folder))) ? basename(resolve(given.folder)) : `mlstack-plugin-${flavor}`;
  const name = given.package ?? await ask("The package's name", usual, checkPackage);
  const folder = given.folder ?? await ask("The folder", name.split("/").at(-1)!, (answer) => { refuseUsed(resolve(answer)); return answer; });
  const { author, license, repository } = given;
  return { folder, type, flavor, package: name, componentType, author, license, repository };
}
