import type { Command } from "commander";
import { completionOf, type Candidate, type Completion } from "../completion/candidates.ts";
import { SCRIPTS } from "../completion/scripts.ts";
import { writeOut } from "../ui/stdout.ts";

/** Names of files are the shell's to complete. */
const FILES: ReadonlySet<string> = new Set(["FILE", "FOLDER", "PATH"]);
/** An integration may be a tarball or a folder, too. */
const isFile = ({ kind, typed }: Completion): boolean => kind !== undefined && (FILES.has(kind) || (kind === "SPEC" && /^(?:\.|\/|~\/)/.test(typed)));

/** `mlstack completion SHELL`: what a shell has to be told. */
export function completion(shell: string): void {
  writeOut(SCRIPTS[shell]!);
}

/** `mlstack __complete INDEX -- WORDS…`: a candidate per line, with a tab before what it is. It never fails: nobody would see why. */
export async function complete(program: Command, index: string, words: readonly string[]): Promise<void> {
  try {
    const found = completionOf(program, words, Number(index));
    const names: readonly Candidate[] = found.kind === undefined || isFile(found) ? [] : await (await import("../completion/names.ts")).namesOf(found, process.cwd());
    for (const { word, description } of [...found.words, ...names]) if (word.startsWith(found.typed)) writeOut(`${found.prefix}${word}${description === undefined || description === "" ? "" : `\t${description.replaceAll(/\s+/g, " ")}`}\n`);
    if (isFile(found)) writeOut(":files\n");
  } catch { /* no candidates */ }
}
