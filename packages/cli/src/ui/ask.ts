import { createInterface } from "node:readline/promises";
import { MlstackError } from "@mlstack/core";

/** What the command line says about asking. */
export interface AskFlags {
  /** False with `--no-input`. */
  readonly input: boolean;
  /** It was answered on the command line. */
  readonly yes?: boolean | undefined;
}

/** Whether a person can be asked: they have not said no to it, what they type is read here, and what they are asked is seen. */
export function canAsk({ input }: Pick<AskFlags, "input">): boolean {
  return input && process.stdin.isTTY && process.stderr.isTTY;
}

/**
 * Asks before something is destroyed.
 *
 * @throws MLS7001 where nobody can be asked, MLS4003 when the answer is no
 */
export async function confirm(question: string, flags: AskFlags): Promise<void> {
  if (flags.yes === true) return;
  if (!canAsk(flags)) throw new MlstackError("MLS7001", `${question} Nobody is there to be asked`, { why: flags.input ? "stdin or stderr is no terminal" : "--no-input is given", fix: "add --yes" });
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const gone = new AbortController();
  // Ctrl-C and Ctrl-D close it, and the question would wait for ever
  lines.once("close", () => gone.abort());
  let answer: string;
  try { answer = await lines.question(`${question} [y/N] `, { signal: gone.signal }); } catch {
    answer = "";
    process.stderr.write("\n");
  } finally { lines.close(); }
  if (!/^y(?:es)?$/i.test(answer.trim())) throw new MlstackError("MLS4003", "nothing was done", { why: "the answer was not yes", fix: "answer y, or add --yes" });
}

/**
 * Asks for a text that is not shown while it is typed or pasted, which may have several lines when it is pasted. Enter ends it.
 *
 * @throws MLS4003 for Ctrl-C and Ctrl-D
 */
export async function askHidden(question: string): Promise<string> {
  const { stdin, stderr } = process;
  const wasRaw = stdin.isRaw;
  // before the question is there: who pastes or types at once would see the text
  stdin.setRawMode(true);
  stdin.setEncoding("utf8");
  stdin.resume();
  stderr.write(question);
  try {
    return await new Promise<string>((done, fail) => {
      let typed = "";
      const stop = (end: () => void) => { stdin.off("data", take); end(); };
      function take(chunk: string): void {
        // a paste comes in one piece, and its lines end with a carriage return each
        const keys = Array.from(chunk);
        for (const [i, c] of keys.entries()) {
          if (c === "\u0003" || c === "\u0004") { stop(() => fail(new MlstackError("MLS4003", "nothing was kept", { fix: "start again" }))); return; }
          if (c === "\r" || c === "\n") {
            if (i < keys.length - 1) { typed += "\n"; continue; }
            stop(() => done(typed));
            return;
          }
          if (c === "\u007f" || c === "\b") typed = Array.from(typed).slice(0, -1).join("");
          else if (c === "\u0015") typed = "";
          else typed += c;
        }
      }
      stdin.on("data", take);
    });
  } finally {
    stdin.setRawMode(wasRaw);
    stdin.pause();
    stderr.write("\n");
  }
}
