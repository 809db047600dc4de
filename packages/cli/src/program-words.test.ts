import { CommanderError, type Command } from "commander";
import fc from "fast-check";
import { expect, test } from "vitest";
import { buildProgram } from "./program.ts";
import { UsageError } from "./program/usage.ts";

/** All commands, and what may stand behind them. */
function wordsOf(program: Command): { readonly paths: string[][]; readonly options: string[] } {
  const paths: string[][] = [[]];
  const options = new Set<string>();
  const walk = (at: Command, path: string[]): void => {
    for (const option of at.options) for (const flag of [option.long, option.short]) if (typeof flag === "string") options.add(flag);
    for (const next of at.commands) { paths.push([...path, next.name()]); walk(next, [...path, next.name()]); }
  };
  walk(program, []);
  return { paths, options: [...options] };
}

/** The program, whose commands do nothing. */
function idle(): Command {
  const program = buildProgram();
  const quiet = (at: Command): void => {
    at.configureOutput({ writeOut: () => undefined, writeErr: () => undefined, outputError: () => undefined });
    // commands that have a verb below them answer for what is no verb themselves
    if (at.commands.length === 0) at.action(() => undefined);
    for (const next of at.commands) quiet(next);
  };
  quiet(program);
  return program;
}

test("whatever stands behind any command, it is understood, or refused as a line that is not", async () => {
  const { paths, options } = wordsOf(buildProgram());
  expect(paths.length).toBeGreaterThan(40);
  const word = fc.oneof(fc.constantFrom(...options, "--", "-", "-x", "--jsno", "__proto__", "constructor", "=", "last", "local", "-1", "1e9", "a=b", "x.ts#p"), fc.constantFrom(...options).map((o) => `${o}=1`), fc.string(), fc.string({ unit: "binary", maxLength: 4 }));
  const seen = { understood: 0, refused: 0 };
  await fc.assert(fc.asyncProperty(fc.constantFrom(...paths.filter((p) => p[0] !== "run" || p.length > 1)), fc.array(word, { maxLength: 6 }), async (path, words) => {
    try {
      await idle().parseAsync([...path, ...words], { from: "user" });
      seen.understood++;
    } catch (e) {
      if (e instanceof CommanderError) expect(e.exitCode).toBe(0);
      else if (e instanceof UsageError) { seen.refused++; expect(e.message).toMatch(/\S/); } else throw e;
    }
  }), { numRuns: 600 });
  expect(Object.values(seen).every((n) => n > 0)).toBe(true);
}, 120_000);
