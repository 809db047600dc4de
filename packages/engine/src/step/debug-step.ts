import { join } from "node:path";
import type { StepSpec } from "@mlstack/core";
import type { Journal, LogLine } from "../journal/events.ts";
import type { StepOutcome } from "../run/step-outcome.ts";
import type { StackSnapshot } from "../stack/stack.ts";
import { bundlePaths, definitionSource } from "./load-definition.ts";
import { openStepHost } from "./step-host.ts";

/** Runs a restored step in its folder, in this process. Nothing of it is stored. */
export async function debugStep(spec: StepSpec, dir: string, projectDir: string, stateDir: string, signal: AbortSignal, onLog: (line: LogLine) => void): Promise<StepOutcome> {
  // components are those of the project: their relative paths are meant from there
  const host = await openStepHost(spec.stack as unknown as StackSnapshot, projectDir, stateDir, join(dir, ".scratch"));
  const journal: Journal = { append: () => undefined, log: (_run, _node, _attempt, line) => onLog(line), flush: async () => undefined };
  try { return await host.run(spec, { journal, definitions: definitionSource(dir, bundlePaths(dir)), environment: "ignore", signal }); } finally { await host.close(); }
}
