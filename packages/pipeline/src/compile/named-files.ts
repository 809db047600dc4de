import { existingPath } from "./declared.ts";
import type { Use } from "./links.ts";
import type { ModuleRecord } from "./model.ts";
import { namesPlace } from "./path-text.ts";
import type { Places } from "./unknowable.ts";

/** Functions of node:fs that only write what they name. */
const WRITES = /^(writeFile|appendFile|mkdir|mkdtemp|mkdtempDisposable|rm|rmdir|unlink|truncate|chmod|chown|lchmod|lchown|utimes|lutimes|createWriteStream|WriteStream|symlink)(Sync)?$/;

/**
 * Files and folders of the project that code names where it reads files or starts programs, so that it can be seen: `readFileSync("a.yaml")`,
 * `execFileSync("python3", ["train.py"])`. Paths that are made of where the module lies have a rule of their own.
 */
export function namedFiles({ path, texts }: Use, module: string, from: ModuleRecord, { projectDir, paths }: Places): readonly string[] {
  const name = path.filter((p) => p !== "promises").at(-1) ?? "";
  const isProgram = module === "node:child_process";
  if (!isProgram && !/^node:(fs|fs\/promises|sqlite)$/.test(module)) return [];
  if (!isProgram && WRITES.test(name)) return [];
  const values = texts.map((text) => (text === undefined || namesPlace(text) ? undefined : paths.of(text, from)));
  const candidates = values.flatMap((value, i) => (value === undefined ? [] : isProgram ? words(value, name, i) : [value]));
  return [...new Set(candidates.flatMap((value) => existingPath(projectDir, value) ?? []))];
}

/** What a text for a program may name. The program itself is looked for among the installed ones, unless it is a path. */
function words(value: string, name: string, at: number): readonly string[] {
  const all = name === "exec" || name === "execSync" ? value.split(/[\s"'=;|&<>()]+/).filter((word, i) => i > 0 || word.includes("/"))
    : at === 0 && !value.includes("/") ? [] : [value, ...value.split("=").slice(1)];
  // a dot alone says where a program is to work more often than what it is to read
  return all.filter((word) => word !== "." && word !== "./");
}
