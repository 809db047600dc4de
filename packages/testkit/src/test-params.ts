import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { isDataParam, MlstackError, nameList, type DataHandle, type DataParam, type StepDefinition } from "@mlstack/core";

/** Parameters as a step's code gets them. Throws MLS1005, and MLS3010 for data that is not there. */
export async function testParams(step: StepDefinition, given: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>> {
  const bad = (name: string, message: string, fix: string) => new MlstackError("MLS1005", `the parameter "${name}" of the step "${step.name}" ${message}`, { fix, details: { parameter: name } });
  for (const name of Object.keys(given)) if (!Object.hasOwn(step.params, name)) throw bad(name, "is not declared", `its parameters are ${nameList(Object.keys(step.params))}`);
  const params: Record<string, unknown> = {};
  for (const [name, spec] of Object.entries(step.params)) {
    const value = given[name];
    if (isDataParam(spec)) { params[name] = await dataOf(spec, value, (message, fix) => bad(name, message, fix)); continue; }
    const parsed = spec.safeParse(value);
    if (!parsed.success) throw bad([name, ...(parsed.error.issues[0]?.path ?? [])].join("."), `is ${JSON.stringify(value) ?? String(value)}: ${parsed.error.issues[0]?.message ?? "not accepted"}`, value === undefined ? `give ${name}: params: { ${name}: … }` : `give another value for ${name}`);
    params[name] = parsed.data;
  }
  return params;
}

async function dataOf(spec: DataParam, value: unknown, bad: (message: string, fix: string) => MlstackError): Promise<DataHandle> {
  const uri = value === undefined ? spec.defaultUri : typeof value === "object" && value !== null ? (value as { uri?: unknown }).uri : value;
  if (typeof uri !== "string" || uri === "") throw bad("is no path", "give the path of a file or folder, from the working folder");
  const path = resolve(uri);
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) throw new MlstackError("MLS3010", `there is nothing at ${JSON.stringify(uri)}`, { why: `looked at ${path}`, fix: "give a path from the working folder; a test reads nothing else" });
  const files = found.isDirectory() ? (await readdir(path, { recursive: true, withFileTypes: true })).filter((e) => e.isFile()).map((e) => join(e.parentPath, e.name)).toSorted() : [path];
  const hash = createHash("sha256");
  let size = 0;
  for (const file of files) {
    if (found.isDirectory()) hash.update(`${file.slice(path.length + 1)}\0`);
    for await (const piece of createReadStream(file) as AsyncIterable<Uint8Array>) { hash.update(piece); size += piece.byteLength; }
  }
  return {
    name: basename(path).normalize("NFC"), uri, digest: hash.digest("hex"), size, path: async () => path,
    stream() {
      if (found.isDirectory()) throw new MlstackError("MLS3010", `${JSON.stringify(uri)} is a folder, which has no stream`, { fix: "use path()" });
      return createReadStream(path) as AsyncIterable<Uint8Array>;
    },
  };
}
