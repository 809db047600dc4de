import { stderr, type GlobalFlags } from "./output.ts";

export interface Interrupt {
  readonly signal: AbortSignal;
  /** The run that an interrupt stops, once there is one. */
  run: string | undefined;
  release(): void;
}

/** Ctrl-C once asks the run to stop and keeps what is finished; twice ends the process at once. */
export function interruptible(flags: GlobalFlags): Interrupt {
  const abort = new AbortController();
  const on = (name: "SIGINT" | "SIGTERM") => () => {
    if (abort.signal.aborted) process.exit(name === "SIGINT" ? 130 : 143);
    stderr(flags).line(name === "SIGINT" ? "stopping; press Ctrl-C again to stop at once" : "stopping");
    if (interrupt.run !== undefined) stderr(flags).line(`finished steps are kept; go on later: mlstack run resume ${interrupt.run}`);
    abort.abort();
  };
  const handlers = { SIGINT: on("SIGINT"), SIGTERM: on("SIGTERM") };
  process.on("SIGINT", handlers.SIGINT).on("SIGTERM", handlers.SIGTERM);
  const interrupt: Interrupt = {
    signal: abort.signal, run: undefined,
    release: () => { process.off("SIGINT", handlers.SIGINT).off("SIGTERM", handlers.SIGTERM); },
  };
  return interrupt;
}
