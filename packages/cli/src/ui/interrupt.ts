export interface Interrupt {
  readonly signal: AbortSignal;
  /** What a command ends with that was stopped: 130 after Ctrl-C, 143 after SIGTERM. */
  readonly exitCode: number;
  /** The run that an interrupt stops, once there is one. */
  run: string | undefined;
  release(): void;
}

/**
 * Ctrl-C once asks the run to stop and keeps what is finished; twice ends the process at once.
 *
 * @param say prints a line where the run's own lines are: written past a live view it would be erased with it
 */
export function interruptible(say: (line: string) => void): Interrupt {
  const abort = new AbortController();
  let exitCode = 130;
  const on = (name: "SIGINT" | "SIGTERM") => () => {
    const code = name === "SIGINT" ? 130 : 143;
    if (abort.signal.aborted) process.exit(code);
    exitCode = code;
    say(name === "SIGINT" ? "stopping; press Ctrl-C again to stop at once" : "stopping");
    if (interrupt.run !== undefined) say(`finished steps are kept; go on later: mlstack run resume ${interrupt.run}`);
    abort.abort();
  };
  const handlers = { SIGINT: on("SIGINT"), SIGTERM: on("SIGTERM") };
  process.on("SIGINT", handlers.SIGINT).on("SIGTERM", handlers.SIGTERM);
  const interrupt: Interrupt = {
    signal: abort.signal, run: undefined,
    get exitCode() { return exitCode; },
    release: () => { process.off("SIGINT", handlers.SIGINT).off("SIGTERM", handlers.SIGTERM); },
  };
  return interrupt;
}
