import { expect } from "vitest";
import type { Outcome, TestProject } from "./project.ts";

/** A part of a guide, in the order in which it stands there. */
export type GuidePart =
  | { readonly kind: "file"; readonly path: string; readonly text: string; readonly line: number }
  | { readonly kind: "edit"; readonly path: string; readonly from: string; readonly to: string; readonly line: number }
  | { readonly kind: "command"; readonly words: readonly string[]; readonly text: string; /** Lines that it prints, in this order; `…` stands for anything. */ readonly prints: readonly string[]; readonly exit: number; readonly line: number };

/** Where a page is followed. */
export interface GuidePlace {
  write(path: string, text: string): void;
  /** Needed where a page edits what is there. */
  read?(path: string): string;
  run(words: readonly string[]): Promise<Outcome>;
}

/** Languages of blocks that are only read: nobody runs another system's code here, nor installs packages. */
const READ_ONLY = new Set(["python", "sh", "text"]);

/**
 * The files and commands of a page. A block is a file where its info string (```` ```csv data/a.csv ````) or its first line (`// a.ts`, `# a.yaml`)
 * names it; a `diff` block with a path is an edit of a file, whose lines with `-` and without a sign must be there; a `console` block is commands after `$ `, what they print,
 * and `# exit 1`.
 *
 * @throws for a block that is neither: an example that nothing runs is an example that is wrong one day
 */
export function guideParts(page: string): GuidePart[] {
  const parts: GuidePart[] = [];
  for (const match of page.matchAll(/^```(\S+)(?: (\S+))?\n([^]*?)^```$/gm)) {
    const [, language = "", named, body = ""] = match;
    const line = page.slice(0, match.index).split("\n").length;
    if (language === "console") parts.push(...commandsOf(body, line + 1));
    else if (language === "diff" && named !== undefined) parts.push({ kind: "edit", path: named, from: sideOf(body, "-"), to: sideOf(body, "+"), line });
    else if (!READ_ONLY.has(language)) {
      const path = named ?? /^(?:\/\/|#) (\S+\.\w+)\n/.exec(body)?.[1];
      if (path === undefined) throw new Error(`line ${line}: the ${language} block names no file`);
      parts.push({ kind: "file", path, text: body, line });
    }
  }
  return parts;
}

/** The lines of a difference that one side of it has. */
const sideOf = (body: string, side: "-" | "+"): string => body.split("\n").filter((line) => line.startsWith(side) || !/^[-+]/.test(line)).map((line) => line.slice(1)).join("\n");

function commandsOf(body: string, first: number): GuidePart[] {
  const commands: { words: string[]; text: string; prints: string[]; exit: number; line: number }[] = [];
  for (const [i, text] of body.trimEnd().split("\n").entries()) {
    const at = commands.at(-1);
    if (text.startsWith("$ ")) commands.push({ words: wordsOf(text.slice(2)), text, prints: [], exit: 0, line: first + i });
    else if (at === undefined) throw new Error(`line ${first + i}: ${text} is before any command`);
    else if (/^# exit \d+$/.test(text)) at.exit = Number(text.slice(7));
    else at.prints.push(text);
  }
  return commands.map((c) => ({ kind: "command", ...c }));
}

/**
 * As a shell takes them apart, without what it would fill in.
 *
 * @throws for what one shell or another would take for a pattern: zsh refuses `a=[]` that is not in quotes
 */
function wordsOf(text: string): string[] {
  return [...text.replace(/ {2,}# .*/, "").matchAll(/(?:"[^"]*"|'[^']*'|[^\s"']+)+/g)].map(([word]) => {
    if (/[[\]*?{}!$|&;<>()`]/.test(word.replaceAll(/"[^"$`]*"|'[^']*'/g, ""))) throw new Error(`${word} of ${text} needs quotes`);
    return word.replaceAll(/"([^"]*)"|'([^']*)'/g, "$1$2");
  });
}

/** Does what a page says in a project, and compares. @returns how many commands there were */
export const followGuide = (p: TestProject, page: string): Promise<number> => followPage({ write: (path, text) => p.write(path, text), run: (words) => runCommand(p, words) }, page);

/** Does what a page says, and compares. @returns how many commands there were */
export async function followPage(p: GuidePlace, page: string): Promise<number> {
  let commands = 0;
  for (const part of guideParts(page)) {
    if (part.kind === "file") { p.write(part.path, part.text); continue; }
    if (part.kind === "edit") {
      const text = p.read?.(part.path) ?? "";
      expect(text.split(part.from).length, `line ${part.line}: what is changed is in ${part.path}, once`).toBe(2);
      p.write(part.path, text.replace(part.from, () => part.to));
      continue;
    }
    commands++;
    const { code, stdout, stderr } = await p.run(part.words);
    const printed = stdout + stderr;
    expect({ line: part.line, command: part.text, exit: code, printed }).toEqual({ line: part.line, command: part.text, exit: part.exit, printed });
    let rest = stdout + stderr;
    // what goes to stdout and what goes to stderr has no order between the two
    for (const wanted of part.prints) {
      const pattern = wanted.split("…").map((piece) => piece.trim().replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/\s+/g, "\\s+")).join("[^\\n]*?");
      const found = new RegExp(pattern).exec(rest) ?? new RegExp(pattern).exec(printed);
      expect(found, `line ${part.line}: ${part.text} prints ${wanted}, of\n${printed}`).not.toBeNull();
      if (rest.includes(found![0])) rest = rest.slice(rest.indexOf(found![0]) + found![0].length);
    }
  }
  return commands;
}

function runCommand(p: TestProject, [program, ...args]: readonly string[]): Promise<Outcome> {
  if (program === "npx" && args[0] === "mlstack") return p.mlstack(args.slice(1));
  if (program === "node") return p.node(args);
  throw new Error(`a guide runs npx mlstack or node, not ${program ?? "nothing"}`);
}
