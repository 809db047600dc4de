import { createInterface } from "node:readline/promises";
import { MlstackError } from "@mlstack/core";

/** Whether a person can be asked: what they type is read here, and what they are asked is seen. */
export function canAsk(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY;
}

/**
 * Asks before something is destroyed.
 *
 * @param yes it was said on the command line
 * @throws MLS7001 where nobody can be asked, MLS4003 when the answer is no
 */
export async function confirm(question: string, yes: boolean | undefined): Promise<void> {
  if (yes === true) return;
  if (!canAsk()) throw new MlstackError("MLS7001", `${question} Nobody is there to be asked`, { why: "stdin or stderr is no terminal", fix: "add --yes" });
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  let answer: string;
  try { answer = await lines.question(`${question} [y/N] `); } catch { answer = ""; } finally { lines.close(); }
  if (!/^y(?:es)?$/i.test(answer.trim())) throw new MlstackError("MLS4003", "nothing was done", { why: "the answer was not yes", fix: "answer y, or add --yes" });
}
