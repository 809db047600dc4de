import fs from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { replaced, type Call, type Undo } from "./replace.ts";
import type { Hear } from "./seen.ts";
import { databaseFile, sqliteModule } from "./sqlite.ts";

type How = "look" | "read" | "write";

/** By name, what a function does with its first argument, and with its second where that is a path, too. */
const FUNCTIONS: Readonly<Record<string, How | readonly [How, How]>> = {
  access: "look", exists: "look", stat: "look", lstat: "look", statfs: "look", realpath: "look", readlink: "look",
  readFile: "read", readdir: "read", opendir: "read", openAsBlob: "read", watch: "read", watchFile: "read", createReadStream: "read",
  writeFile: "write", appendFile: "write", createWriteStream: "write", truncate: "write", mkdir: "write", mkdtemp: "write", mkdtempDisposable: "write", rm: "write", rmdir: "write", unlink: "write",
  chmod: "write", lchmod: "write", chown: "write", lchown: "write", utimes: "write", lutimes: "write",
  copyFile: ["read", "write"], cp: ["read", "write"], rename: ["write", "write"], link: ["read", "write"], symlink: ["look", "write"],
};

/** Hears of files by their paths: synchronous, with callbacks, as promises, and as streams. What is done with an open file is not heard. */
export function watchFiles(hear: Hear): Undo[] {
  const undo: Undo[] = [];
  const at = (given: unknown, how: How) => { const path = pathOf(given); if (path !== undefined) hear({ kind: "files", path, how }); };
  const heard = (of: object, name: string, before: (args: Call) => void) => { if (name in of) undo.push(replaced(of, name, before)); };
  for (const [name, how] of Object.entries(FUNCTIONS)) {
    const [first, second] = typeof how === "string" ? [how] : how;
    const before = (args: Call) => { at(args[0], first); if (second !== undefined) at(args[1], second); };
    heard(fs, name, before);
    heard(fs, `${name}Sync`, before);
    heard(fs.promises, name, before);
  }
  const opened = (args: Call) => at(args[0], writes(args[1]) ? "write" : "read");
  heard(fs, "open", opened);
  heard(fs, "openSync", opened);
  heard(fs.promises, "open", opened);
  heard(fs, "ReadStream", (args) => at(args[0], "read"));
  heard(fs, "WriteStream", (args) => at(args[0], "write"));
  const globbed = ([, options]: Call) => at((options as { readonly cwd?: unknown } | undefined)?.cwd ?? process.cwd(), "read");
  heard(fs, "glob", globbed);
  heard(fs, "globSync", globbed);
  heard(fs.promises, "glob", globbed);
  heard(process, "loadEnvFile", ([path]) => at(path ?? ".env", "read"));
  const sqlite = sqliteModule();
  if (sqlite !== undefined) {
    heard(sqlite, "DatabaseSync", (args) => at(databaseFile(args), (args[1] as { readonly readOnly?: unknown } | undefined)?.readOnly === true ? "read" : "write"));
    heard(sqlite, "backup", ([, to]) => at(databaseFile([to]), "write"));
  }
  return undo;
}

/** Whether an open file may be changed, by its flags: a text such as `r+`, or a number. */
function writes(flags: unknown): boolean {
  if (typeof flags === "number") return (flags & (fs.constants.O_WRONLY | fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_TRUNC | fs.constants.O_APPEND)) !== 0;
  return typeof flags === "string" && /[wa+]/.test(flags);
}

function pathOf(given: unknown): string | undefined {
  if (typeof given === "string") return resolve(given);
  if (Buffer.isBuffer(given)) return resolve(given.toString());
  if (given instanceof URL && given.protocol === "file:") { try { return fileURLToPath(given); } catch { return undefined; } }
  return undefined;
}
