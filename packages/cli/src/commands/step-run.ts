import { MlstackError, type StepSpec } from "@mlstack/core";
import { endOthersOfGroup, readSpec, runDriver, runStepElsewhere, type DriverSpec } from "@mlstack/engine";

/** What an orchestrator's way of ending a process means here: stop, and say so in the journal. */
function stoppable(): AbortController {
  const abort = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) process.once(name, () => abort.abort(new MlstackError("MLS4003", "the run was cancelled")));
  return abort;
}

/** `mlstack step run`: the exit code says whether the step's outcome is in the journal, not what it is. */
export async function stepRun(spec: string): Promise<void> {
  await runStepElsewhere(readSpec(spec) as StepSpec, process.cwd(), stoppable().signal);
  // what a step has left behind, a timer or a process, must not go on: whoever started this one may be gone
  endOthersOfGroup();
  process.exit(0);
}

/** `mlstack driver run`. */
export async function driverRun(spec: string): Promise<void> {
  await runDriver(readSpec(spec) as DriverSpec, process.cwd(), stoppable());
  process.exit(0);
}
