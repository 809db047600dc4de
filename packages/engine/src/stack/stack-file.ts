import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, extname, isAbsolute, join, resolve } from "node:path";
import { camelKeys, didYouMean, MlstackError, nameList, type JsonObject } from "@mlstack/core";
import { z } from "zod";
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

/**
 * Finds a stack: by the path of its file, or by the name of a file in the project's `stacks` folder. `local` is there without a file.
 *
 * @throws MLS7003 when there is none, MLS7004 when the file is not a stack
 */
export async function findStack(nameOrPath: string, projectDir: string, cwd: string = projectDir): Promise<StackSpec> {
  if (/[./\\]/.test(nameOrPath)) {
    const path = isAbsolute(nameOrPath) ? nameOrPath : resolve(cwd, nameOrPath);
    if (existsSync(path)) return readStackFile(path);
    throw new MlstackError("MLS7003", `there is no stack file ${JSON.stringify(nameOrPath)}`, { why: `looked at ${path}`, fix: `name a file, or a stack of the folder ${FOLDER}` });
  }
  const folder = join(projectDir, FOLDER);
  const files = existsSync(folder) ? readdirSync(folder).filter((f) => /\.ya?ml$/.test(f)).toSorted() : [];
  const found = files.find((f) => basename(f, extname(f)) === nameOrPath);
  if (found !== undefined) return readStackFile(join(folder, found));
  if (nameOrPath === LOCAL_STACK.name) return LOCAL_STACK;
  const names = [LOCAL_STACK.name, ...files.map((f) => basename(f, extname(f)))];
  const near = didYouMean(nameOrPath, names);
  throw new MlstackError("MLS7003", `there is no stack ${JSON.stringify(nameOrPath)}`, { why: `there are ${nameList(names)}`, fix: near === undefined ? `write ${FOLDER}/${nameOrPath}.yaml` : `write ${near}` });
}

/** Reads a stack file. Keys of configurations are snake_case in the file and camelCase in the result. */
export async function readStackFile(path: string): Promise<StackSpec> {
  const { parseDocument } = await import("yaml");
  const document = parseDocument(readFileSync(path, "utf8"));
  const [problem] = document.errors;
  if (problem !== undefined) throw new MlstackError("MLS7004", `${basename(path)} is not YAML: ${problem.message.split("\n", 1)[0]}`, { fix: "correct the line" });
  const parsed = fileSchema.safeParse(document.toJS());
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new MlstackError("MLS7004", `${basename(path)} is not a stack: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`, { fix: "write components: by type, each with type: and name:" });
  }
  const components = Object.entries(parsed.data.components).map(([type, c]): [string, ComponentSpec] => [type, {
    name: c.name ?? `${c.type}_${type}`, flavor: c.type, ...(c.configuration !== undefined && { config: camelKeys(c.configuration as JsonObject) }), ...(c.aliases !== undefined && { aliases: c.aliases }),
  }]);
  return { name: parsed.data.name ?? basename(path, extname(path)), components: Object.fromEntries(components) };
}
