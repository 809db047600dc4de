import type { Command } from "commander";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { UsageError } from "./usage.ts";

const ENDINGS = [".ts", ".mts", ".cts", ".js", ".mjs", ".cjs", ".tsx", ".jsx"];

/** The error for a word that is no verb, but the name of a module without its ending; undefined when there is no such module. */
export function notAFile(word: string, cwd: string, command: Command): UsageError | undefined {
  const ending = ENDINGS.find((e) => existsSync(resolve(cwd, word + e)));
  return ending === undefined ? undefined : new UsageError(`there is no command mlstack run ${word}`, { why: "a FILE is named with its ending", fix: `mlstack run ${word}${ending}`, command });
}
