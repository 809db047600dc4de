import type { Command } from "commander";
import { UsageError } from "./usage.ts";

const NO_SERVER = ["there is no server to start or to log in to: records lie in the project", "mlstack doctor looks whether pipelines can run here"] as const;
/** Commands of ZenML whose work is done in another way here: what to say instead. Those that are called the same are commands. */
const ELSEWHERE: Readonly<Record<string, readonly [why: string, fix: string]>> = {
  pipeline: ["a pipeline is an export of a module", "mlstack run FILE; mlstack run list --pipeline NAME shows its runs"],
  model: ["a model is an artifact, or a deployment that serves one", "mlstack artifact list, or mlstack deployment list"],
  up: NO_SERVER, down: NO_SERVER, login: NO_SERVER, logout: NO_SERVER, connect: NO_SERVER, disconnect: NO_SERVER, server: NO_SERVER,
};

/** The error for a command of ZenML that there is not; undefined for any other word. */
export function elsewhereOf(word: string, program: Command): UsageError | undefined {
  if (!Object.hasOwn(ELSEWHERE, word)) return undefined;
  const [why, fix] = ELSEWHERE[word]!;
  return new UsageError(`there is no command mlstack ${word}`, { why, fix, command: program });
}
