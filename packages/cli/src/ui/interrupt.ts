export interface Interrupt {
  readonly signal: AbortSignal;
  /** What a command ends with that was stopped: 130 after Ctrl-C, 143 after SIGTERM, 129 after SIGHUP. */
  readonly exitCode: number;
  /** The run that an interrupt stops, once there is one. */
  run: string | undefined;
  release(): void;
}

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/**
 * Ctrl-C once, or a terminal that closes, asks the run to stop and keeps what is finished; twice ends the process at once.
 *
 * @param say prints a line where the run's own lines are: written past a live view it would be erased with it
 */
export function interruptible(say: (line: string) => void): Interrupt {
  const abort = new AbortController();
  let exitCode: number = EXIT_CODES.SIGINT;
  const on = (name: keyof typeof EXIT_CODES) => () => {
    if (abort.signal.aborted) process.exit(EXIT_CODES[name]);
    exitCode = EXIT_CODES[name];
    say(name === "SIGINT" ? "stopping; press Ctrl-C again to stop at once" : "stopping");
    if (interrupt.run !== undefined) say(`finished steps are kept; go on later: mlstack run resume ${interrupt.run}`);
    abort.abort();
  };
  const handlers = Object.keys(EXIT_CODES).map((name) => [name, on(name as keyof typeof EXIT_CODES)] as const);
  for (const [name, handler] of handlers) process.on(name, handler);
  const interrupt: Interrupt = {
    signal: abort.signal, run: undefined,
    get exitCode() { return exitCode; },
    release: () => { for (const [name, handler] of handlers) process.off(name, handler); },
  };
  return interrupt;
}
