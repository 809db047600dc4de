import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, extname, isAbsolute, join, relative, resolve } from "node:path";
import { camelKeys, didYouMean, MlstackError, thereAre, type JsonObject } from "@mlstack/core";
import type { Document, LineCounter, YAMLError } from "yaml";
import { z } from "zod";
import { fsError } from "../local/fs-errors.ts";
import { LOCAL_STACK, type ComponentSpec, type StackSpec } from "./stack.ts";

/** The folder of a project's stack files. */
const FOLDER = "stacks";

const fileSchema = z.looseObject({
  name: z.string().min(1).optional(),
  components: z.record(z.string(), z.strictObject({
    /** The flavor. */
    type: z.string().min(1),
    name: z.string().min(1).optional(),
    aliases: z.array(z.string()).optional(),
    configuration: z.record(z.string(), z.json()).optional(),
  })),
});

/** What people write in the place of a component's keys. */
const MEANT: Readonly<Record<string, string>> = { config: "configuration", configurations: "configuration", settings: "configuration", options: "configuration", flavor: "type", flavour: "type", alias: "aliases", id: "name" };
const KEYS = ["type", "name", "aliases", "configuration"];

/**
 * Finds a stack: by the path of its file, or by the name of a file in the project's `stacks` folder. `local` is there without a file.
 *
 * @throws MLS7003 when there is none, MLS7004 when the file is not a stack
 */
export async function findStack(nameOrPath: string, projectDir: string, cwd: string = projectDir): Promise<StackSpec> {
  if (/[./\\]/.test(nameOrPath)) {
    const path = isAbsolute(nameOrPath) ? nameOrPath : resolve(cwd, nameOrPath);
    if (!existsSync(path)) throw new MlstackError("MLS7003", `there is no stack file ${JSON.stringify(nameOrPath)}`, { why: `looked at ${path}`, fix: `name a file, or a stack of the folder ${FOLDER}` });
    if (statSync(path).isDirectory()) {
      const [first] = stackFiles(path);
      throw new MlstackError("MLS7003", `${JSON.stringify(nameOrPath)} is a folder`, { why: "a stack is a file", fix: first === undefined ? "name a file in it" : `--stack ${join(nameOrPath, first)}` });
    }
    return readStackFile(path, projectDir);
  }
  const folder = join(projectDir, FOLDER);
  const files = stackFiles(folder);
  const found = files.find((f) => basename(f, extname(f)) === nameOrPath);
  if (found !== undefined) return readStackFile(join(folder, found), projectDir);
  if (nameOrPath === LOCAL_STACK.name) return LOCAL_STACK;
  const names = [LOCAL_STACK.name, ...files.map((f) => basename(f, extname(f)))];
  const near = didYouMean(nameOrPath, names);
  throw new MlstackError("MLS7003", `there is no stack ${JSON.stringify(nameOrPath)}`, { why: thereAre(names), fix: near === undefined ? `write ${FOLDER}/${nameOrPath}.yaml` : `write ${near}` });
}

function stackFiles(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).filter((f) => /\.ya?ml$/.test(f)).toSorted() : [];
}

/**
 * Reads a stack file. Keys of configurations are snake_case in the file and camelCase in the result.
 *
 * @param projectDir what the file is named from in messages
 * @throws MLS7004 when it is not a stack, with the place
 */
export async function readStackFile(path: string, projectDir: string = process.cwd()): Promise<StackSpec> {
  const { LineCounter, parseDocument } = await import("yaml");
  const short = relative(projectDir, path);
  const file = short.startsWith("..") || isAbsolute(short) ? path : short;
  const lines = new LineCounter();
  let text: string;
  try { text = readFileSync(path, "utf8"); } catch (e) { throw fsError(e, "reading", path); }
  const document = parseDocument(text, { lineCounter: lines });
  const place: Place = { file, document, lines };
  const [problem] = document.errors;
  if (problem !== undefined) throw notYaml(place, problem);
  let value: unknown;
  try { value = document.toJS(); } catch (e) { throw invalid(place, [], `is not YAML: ${e instanceof Error ? e.message : String(e)}`); }
  const parsed = fileSchema.safeParse(value);
  if (!parsed.success) throw notAStack(place, value, parsed.error.issues[0]!);
  const components = Object.entries(parsed.data.components).map(([type, c]): [string, ComponentSpec] => [type, {
    name: c.name ?? `${c.type}_${type}`, flavor: c.type, ...(c.configuration !== undefined && { config: camelKeys(c.configuration as JsonObject) }), ...(c.aliases !== undefined && { aliases: c.aliases }),
  }]);
  return { name: parsed.data.name ?? basename(path, extname(path)), components: Object.fromEntries(components) };
}

interface Place { readonly file: string; readonly document: Document; readonly lines: LineCounter }

function notYaml({ file, lines }: Place, problem: YAMLError): MlstackError {
  const { line, col } = lines.linePos(problem.pos[0]);
  const message = problem.message.split("\n", 1)[0]!.replace(/ at line \d+, column \d+:?$/, "");
  return new MlstackError("MLS7004", `${file} is not YAML: line ${line}, column ${col}: ${message}`, { fix: `correct line ${line} of ${file}`, details: { file, line, column: col } });
}

/** @param path to the part that is wrong, or to one that is missing in what is there */
function invalid({ file, document, lines }: Place, path: readonly PropertyKey[], message: string, fix?: string): MlstackError {
  const line = lineOf(document, lines, path);
  return new MlstackError("MLS7004", `${file} ${message}`, { fix: fix === undefined ? `correct line ${line} of ${file}` : `${fix}, in line ${line} of ${file}`, details: { file, line } });
}

/** The line of a key, or of the nearest around it that is there. */
function lineOf(document: Document, lines: LineCounter, path: readonly PropertyKey[]): number {
  for (let n = path.length; n > 0; n--) {
    const parent = (n === 1 ? document.contents : document.getIn(path.slice(0, n - 1), true)) as { readonly items?: readonly { readonly key?: { readonly value?: unknown; readonly range?: readonly number[] | null } }[] } | undefined;
    const key = parent?.items?.find((item) => item.key?.value === path[n - 1])?.key;
    if (key?.range !== undefined && key.range !== null) return lines.linePos(key.range[0]!).line;
  }
  return 1;
}

function notAStack(place: Place, value: unknown, issue: z.core.$ZodIssue): MlstackError {
  const { file } = place;
  const form = "write components: with a line for each, such as artifact_store: { type: local }";
  if (value === null || value === undefined) return new MlstackError("MLS7004", `${file} is empty`, { fix: form });
  if (typeof value !== "object" || Array.isArray(value)) return new MlstackError("MLS7004", `${file} is not a stack: it holds ${Array.isArray(value) ? "a list" : "a text"}`, { fix: form });
  const where = issue.path.join(".");
  if (issue.path.length === 0 || where === "components") {
    const near = "components" in value ? undefined : didYouMean("components", Object.keys(value));
    return near === undefined ? new MlstackError("MLS7004", `${file} is not a stack: ${"components" in value ? "components is no list of components" : "it has no components"}`, { fix: form }) : invalid(place, [near], `is not a stack: it has ${JSON.stringify(near)}, which is not known`, "write components");
  }
  if (issue.code === "unrecognized_keys") {
    const [key = ""] = issue.keys;
    const near = MEANT[key] ?? didYouMean(key, KEYS);
    return invalid(place, [...issue.path, key], `is not a stack: ${where} has ${JSON.stringify(key)}, which is not known`, near === undefined ? `leave it out; known are ${KEYS.join(", ")}` : `write ${near}`);
  }
  const component = issue.path.slice(0, -1);
  const given = component.reduce<unknown>((at, key) => (at as Readonly<Record<PropertyKey, unknown>> | undefined)?.[key], value);
  if (issue.code === "invalid_type" && issue.path.at(-1) === "type" && !(typeof given === "object" && given !== null && "type" in given)) {
    const wrong = typeof given === "object" && given !== null ? Object.keys(given).find((key) => MEANT[key] === "type" || didYouMean(key, ["type"]) !== undefined) : undefined;
    return wrong === undefined ? invalid(place, component, `is not a stack: ${component.join(".")} has no type`, "write type: and the flavor") : invalid(place, [...component, wrong], `is not a stack: ${component.join(".")} has ${JSON.stringify(wrong)}, which is not known`, "write type");
  }
  if (issue.path.length === 2 && issue.code === "invalid_type") return invalid(place, issue.path, `is not a stack: ${where} is no component`, "write it like { type: local }");
  return invalid(place, issue.path, `is not a stack: ${where}: ${issue.message}`);
}
