import { createInterface } from "node:readline/promises";
import { CreateError } from "./create-error.ts";

/** Asks a person, as the command line of mlstack does: questions are on the error output, so that the standard output can be piped. */
export interface Questions {
  /**
   * Asks for a text until it is one that can be used.
   *
   * @param check throws a CreateError for what can't be
   * @throws Cancelled for Ctrl-C and Ctrl-D
   */
  text(question: string, options: { readonly initial?: string | undefined; check(answer: string): string }): Promise<string>;
  /** Asks for one of these, by its name or its number. */
  choice<T extends string>(question: string, among: Readonly<Record<T, string>>): Promise<T>;
  close(): void;
}

/** The person wants no plugin after all. */
export class Cancelled extends Error {}

export function terminalQuestions(): Questions {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const gone = new AbortController();
  // Ctrl-C and Ctrl-D close it, and a question would wait for ever
  lines.once("close", () => { gone.abort(); });
  const ask = async (question: string): Promise<string> => {
    try { return (await lines.question(question, { signal: gone.signal })).trim(); } catch {
      process.stderr.write("\n");
      throw new Cancelled("nothing was made");
    }
  };
  async function text(question: string, { initial, check }: { readonly initial?: string | undefined; check(answer: string): string }): Promise<string> {
    for (;;) {
      const answer = (await ask(initial === undefined ? `${question}: ` : `${question} (${initial}): `)) || (initial ?? "");
      try { return check(answer); } catch (e) {
        if (!(e instanceof CreateError)) throw e;
        process.stderr.write(`  ${e.message}: ${e.fix}\n`);
      }
    }
  }
  return {
    text,
    async choice(question, among) {
      const names = Object.keys(among) as (keyof typeof among)[];
      const width = Math.max(...names.map((name) => name.length));
      process.stderr.write(`${question}\n${names.map((name, n) => `  ${n + 1}  ${name.padEnd(width)}  ${among[name]}\n`).join("")}`);
      const chosen = await text("Number or name", {
        check(answer) {
          const found = names.find((name, n) => answer === name || answer === String(n + 1));
          if (found === undefined) throw new CreateError("MLS8721", "that is none of them", { fix: `a number from 1 to ${names.length}` });
          return found;
        },
      });
      return chosen as keyof typeof among;
    },
    close() { lines.close(); },
  };
}
