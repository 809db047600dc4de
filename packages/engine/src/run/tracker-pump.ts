import { MlstackError, type LogOptions, type LogResult, type TrackerEvent } from "@mlstack/core";

/** How long things may take, in milliseconds. */
export interface TrackerTimes {
  /** Events are gathered for so long before they are sent, so that those of many short steps go together. */
  readonly gather: number;
  /** The first wait after a failure; it doubles, up to `longestRetry`. */
  readonly retry: number;
  readonly longestRetry: number;
  /** How long a tracker that no step requires may hold up the first step. */
  readonly start: number;
  /** The same where a step requires it. */
  readonly requiredStart: number;
  /** How long nothing may move at the end of a run, or of a step elsewhere. */
  readonly end: number;
  /** How long all that is left may take after the run was cancelled. */
  readonly cancel: number;
}
export const TIMES: TrackerTimes = { gather: 100, retry: 500, longestRetry: 15_000, start: 10_000, requiredStart: 60_000, end: 60_000, cancel: 5000 };

/** At most so many events in one call, so that a failure does not cost all of a long backlog. */
const BATCH = 5000;
/** How often what no tracker should throw is tried again. */
const TRIES = 3;

/** Sends events in their order, one call at a time, in the background; what can't be sent is kept and sent again. */
export interface TrackerPump {
  /**
   * Takes events to be sent, those of one attempt in their order. What was taken before is left out: what a step has logged so far comes
   * while it runs, and all of it when it has ended.
   */
  take(events: readonly TrackerEvent[], resent?: boolean): void;
  /** How many events are not sent. */
  readonly left: number;
  /** What was refused, by the reason. */
  readonly refused: ReadonlyMap<string, number>;
  /** Why the last call failed; undefined when it went well. */
  readonly error: unknown;
  /**
   * Sends what is left, now.
   *
   * @param goOn whether to try again after so many failures in a row; where it is false, what is left stays
   */
  drain(goOn: (e: unknown, failures: number) => boolean): Promise<void>;
}

interface Waiting { readonly event: TrackerEvent; resent: boolean }
type GoOn = Parameters<TrackerPump["drain"]>[0];

/**
 * @param log writes events to the tracker
 * @param stop ends everything; what is left then stays
 */
export function trackerPump(log: (events: readonly TrackerEvent[], options: Pick<LogOptions, "resent">) => Promise<LogResult>, stop: AbortSignal, times: TrackerTimes): TrackerPump {
  const backlog: Waiting[] = [];
  const refused = new Map<string, number>();
  const taken = new Map<string, number>();
  let running: Promise<void> | undefined;
  /** How many wait for all to be sent. */
  let hurry = 0;
  let goOn: GoOn = () => false;
  let wake: () => void = () => undefined;
  let error: unknown;
  let isGone = false;
  const isOver = (): boolean => isGone || stop.aborted;

  /** Waits, but not when somebody is in a hurry or all is over. */
  const pause = (ms: number): Promise<void> => new Promise((done) => {
    const timer = setTimeout(() => end(), ms);
    const end = () => { clearTimeout(timer); stop.removeEventListener("abort", end); done(); };
    if (stop.aborted) { end(); return; }
    stop.addEventListener("abort", end);
    wake = end;
  });

  async function run(): Promise<void> {
    try {
      for (let failures = 0; backlog.length > 0 && !isOver();) {
        if (hurry === 0 && failures === 0) await pause(times.gather);
        const batch = backlog.slice(0, BATCH);
        try {
          const result = await log(batch.map((b) => b.event), { resent: batch.some((b) => b.resent) });
          backlog.splice(0, batch.length);
          for (const { reason } of result.refused) refused.set(reason, (refused.get(reason) ?? 0) + 1);
          [failures, error] = [0, undefined];
        } catch (e) {
          error = e;
          failures++;
          for (const b of batch) b.resent = true;
          // no event can be stored any more, this one or another
          isGone = MlstackError.is(e, "MLS6003");
          if (hurry > 0 && !goOn(e, failures)) return;
          await pause(Math.min(times.longestRetry, times.retry * 2 ** (failures - 1)));
        }
      }
    } finally { running = undefined; }
  }
  const start = (): Promise<void> | undefined => (backlog.length === 0 || isOver() ? undefined : (running ??= run()));

  return {
    refused,
    get left() { return backlog.length; },
    get error() { return error; },
    take(events, resent = false) {
      for (const event of events) {
        const at = event.id.lastIndexOf("/");
        const [attempt, n] = [event.id.slice(0, at), Number(event.id.slice(at + 1))];
        if (n < (taken.get(attempt) ?? 0)) continue;
        taken.set(attempt, n + 1);
        backlog.push({ event, resent });
      }
      void start();
    },
    async drain(again) {
      goOn = again;
      hurry++;
      wake();
      try { await start(); } finally { hurry--; }
    },
  };
}

/** Whether it is worth while to try again: a tracker that does not serve now is waited for, a refusal stays one. */
export function mayRecover(e: unknown, failures: number): boolean {
  return MlstackError.is(e) ? e.code === "MLS6001" : failures < TRIES;
}

/** Rejects when the signal is aborted, also where the work does not listen to it. */
export function untilStopped<T>(work: Promise<T>, stop: AbortSignal): Promise<T> {
  return new Promise<T>((ok, fail) => {
    const end = () => fail(stop.reason as Error);
    if (stop.aborted) end(); else stop.addEventListener("abort", end, { once: true });
    work.then(ok, fail).finally(() => stop.removeEventListener("abort", end));
  });
}
