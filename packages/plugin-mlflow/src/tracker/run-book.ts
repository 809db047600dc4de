import type { KnownRun } from "./log-events.ts";

/** What this process keeps of a run while it logs to it. */
export interface RunPage {
  readonly known: KnownRun;
  /** Whether the run lies in one of MLflow's SQL stores, once that is known. */
  isSql: boolean | undefined;
  /** How often the server has failed at a file, by the event's id. */
  readonly failures: Map<string, number>;
  /** Set where a lost answer may have made a second run. */
  twin: { readonly experimentIds: readonly string[]; readonly runId: string } | undefined;
  /** Does one thing after the other: the file store would take both of two calls that find the same point missing. An aborted one does not wait. */
  inOrder<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T>;
}

export interface RunBook {
  page(externalId: string): RunPage;
  close(externalId: string): void;
}

export function runBook(): RunBook {
  const pages = new Map<string, RunPage>();
  return {
    page(externalId) {
      const there = pages.get(externalId) ?? newPage();
      pages.set(externalId, there);
      return there;
    },
    close: (externalId) => { pages.delete(externalId); },
  };
}

function newPage(): RunPage {
  let last: Promise<unknown> = Promise.resolve();
  return {
    known: { state: undefined }, isSql: undefined, failures: new Map(), twin: undefined,
    inOrder(signal, work) {
      const mine = last.then(() => { signal?.throwIfAborted(); return work(); });
      last = mine.catch(() => undefined);
      return signal === undefined ? mine : orAborted(mine, signal);
    },
  };
}

function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((ok, fail) => {
    const end = () => fail(signal.reason as Error);
    if (signal.aborted) end(); else signal.addEventListener("abort", end, { once: true });
    work.then(ok, fail).finally(() => signal.removeEventListener("abort", end));
  });
}
