import { setTimeout as sleep } from "node:timers/promises";
import { MlstackError, type ExperimentTracker, type LogOptions, type TrackedRun, type TrackedStatus, type TrackerEvent } from "@mlstack/core";
import { mayRecover, TIMES, trackerPump, untilStopped, type TrackerPump, type TrackerTimes } from "./tracker-pump.ts";

/** A line to the stack's tracker. What can't be sent is kept and sent again; nothing is sent twice as new. */
export interface TrackerLink {
  /** The vendor's id of the run, once it is open. */
  readonly externalId: string | undefined;
  /**
   * Takes events, to be sent in the background.
   *
   * @param resent they may have been sent before, by another process or before the run was resumed
   */
  send(events: readonly TrackerEvent[], resent?: boolean): void;
  /** Sends what is left and closes the vendor's run. Returns what a person should know. */
  finish(status: TrackedStatus, endedAt: Date): Promise<readonly string[]>;
  /** Lets go of the vendor's run as it is: another process goes on with it. */
  abandon(): void;
}

export interface TrackerLinkOptions {
  /** Whether a step can't do without. */
  readonly required: boolean;
  /** Opens the bytes of a logged file. */
  readonly open: NonNullable<LogOptions["open"]>;
  /** Of the run. */
  readonly signal: AbortSignal;
  /** Called when the vendor's run is open; once. */
  readonly onOpened?: ((externalId: string, url: string | undefined) => void) | undefined;
  readonly times?: TrackerTimes | undefined;
}

/**
 * Opens the vendor's run. A tracker that does not serve does not cost the run its results, nor hold it up: it is tried again while the run
 * goes on, events are in the records and with the cache entries, and what is left then is a warning. Only a step that requires the tracker
 * makes it an error.
 *
 * @throws what the tracker threw, when `required`
 */
export async function trackerLink(tracker: ExperimentTracker, run: TrackedRun, { required, open, signal, onOpened, times = TIMES }: TrackerLinkOptions): Promise<TrackerLink> {
  const limit = limits(signal, times);
  const { stop } = limit;
  let externalId: string | undefined;
  let opening: Promise<string> | undefined;
  let withheld = 0;
  const opened = (): Promise<string> => (opening ??= untilStopped(tracker.startRun(run, { signal: stop }), stop).then(({ externalId: id, url }) => {
    externalId = id;
    limit.moved();
    onOpened?.(id, url);
    return id;
  }).catch((e: unknown) => { opening = undefined; throw e; }));
  const pump = pumpOf(tracker, opened, open, limit, times);
  await begin(opened, limit, { required, signal, times });
  // a service may take a run that says nothing for a dead one
  const beat = tracker.keepAliveMs === undefined ? undefined : setInterval(() => { if (externalId !== undefined) void tracker.log(externalId, [], { signal: stop }).catch(() => undefined); }, tracker.keepAliveMs);
  beat?.unref();

  return {
    get externalId() { return externalId; },
    send(events, resent) {
      const shown = tracker.files === false ? events.filter((e) => e.kind !== "file") : events;
      withheld += events.length - shown.length;
      pump.take(shown, resent);
    },
    async finish(status, endedAt) {
      // one that has served in this run is waited for; one that never has is tried once more
      const goOn = externalId === undefined ? () => false : mayRecover;
      if (externalId === undefined && signal.aborted) limit.stopNow(signal.reason);
      limit.heedCancel();
      limit.begin(externalId === undefined ? times.start : times.end);
      await pump.drain(goOn);
      const unclosed = await close(async () => {
        const id = await opened();
        await untilStopped(tracker.finishRun(id, status, endedAt, { signal: stop }), stop);
      }, goOn, stop, times);
      clearInterval(beat);
      limit.end();
      return [...refusals(pump), ...(withheld === 0 ? [] : [`the experiment tracker shows no files: ${kept(withheld, "file")} with the steps only`]), ...missing(pump, unclosed)];
    },
    abandon() {
      clearInterval(beat);
      limit.end();
    },
  };
}

/** A step's line to a vendor's run that the driver has opened. */
export interface StepTrackerLink {
  /** Sends events, and resolves with how many are left because they could not be sent. */
  send(events: readonly TrackerEvent[]): Promise<number>;
  /** Lets go of the line. Returns what a person should know. */
  end(): readonly string[];
}

/** @param signal of the step */
export function stepTrackerLink(tracker: ExperimentTracker, externalId: string, { open, signal, times = TIMES }: Pick<TrackerLinkOptions, "open" | "signal" | "times">): StepTrackerLink {
  const limit = limits(signal, times);
  // a step's process that was told to stop is not given long
  limit.heedCancel();
  const pump = pumpOf(tracker, async () => externalId, open, limit, times);
  return {
    end() { limit.end(); return refusals(pump); },
    async send(events) {
      pump.take(tracker.files === false ? events.filter((e) => e.kind !== "file") : events);
      limit.begin(times.end);
      // what is left is sent by the driver, which has more time
      await pump.drain((_, failures) => failures < 3);
      limit.pause();
      return pump.left;
    },
  };
}

function pumpOf(tracker: ExperimentTracker, opened: () => Promise<string>, open: NonNullable<LogOptions["open"]>, { stop, moved }: Limits, times: TrackerTimes): TrackerPump {
  return trackerPump(async (events, { resent }) => {
    const id = await opened();
    const watched = async function* (sha256: string) { for await (const chunk of open(sha256)) { moved(); yield chunk; } };
    const result = await untilStopped(tracker.log(id, events, { signal: stop, resent, open: watched }), stop);
    moved();
    return result;
  }, stop, times);
}

/** The first look at the tracker: waited for, but not for ever. */
async function begin(opened: () => Promise<string>, { stop, stopNow }: Limits, { required, signal, times }: { required: boolean; signal: AbortSignal; times: TrackerTimes }): Promise<void> {
  const enough = new AbortController();
  const ms = required ? times.requiredStart : times.start;
  const timer = setTimeout(() => enough.abort(late(ms)), ms);
  const either = AbortSignal.any([stop, signal, enough.signal]);
  try {
    for (let n = 1; ; n++) {
      try { await untilStopped(opened(), either); return; } catch (e) {
        // a run that was cancelled meanwhile ends as such
        if (!required || signal.aborted) return;
        if (n < 3 && !either.aborted && mayRecover(e, n)) { await sleep(times.retry * 2 ** (n - 1), undefined, { signal: either }).catch(() => undefined); continue; }
        stopNow(e);
        throw e;
      }
    }
  } finally { clearTimeout(timer); }
}

/** @returns why it could not be done, if it could not */
async function close(work: () => Promise<void>, goOn: (e: unknown, failures: number) => boolean, stop: AbortSignal, times: TrackerTimes): Promise<unknown> {
  for (let n = 1; ; n++) {
    try { await work(); return undefined; } catch (e) {
      if (stop.aborted || !goOn(e, n)) return e;
      await sleep(Math.min(times.longestRetry, times.retry * 2 ** (n - 1)), undefined, { signal: stop }).catch(() => undefined);
    }
  }
}

interface Limits {
  /** Aborted when no more time is to be given. */
  readonly stop: AbortSignal;
  stopNow(reason: unknown): void;
  /** From now on something has to move within so many milliseconds. */
  begin(ms: number): void;
  pause(): void;
  /** From now on only a moment is left once the run was cancelled. While its steps still end, the tracker is theirs. */
  heedCancel(): void;
  /** Something has moved. */
  moved(): void;
  end(): void;
}

/** How long a tracker is waited for: as long as the run goes on; at the end while something moves; for a moment where the run was cancelled. */
function limits(signal: AbortSignal, { cancel }: TrackerTimes): Limits {
  const stop = new AbortController();
  let idle: NodeJS.Timeout | undefined;
  let last: NodeJS.Timeout | undefined;
  const onCancel = () => { last ??= setTimeout(() => stop.abort(late(cancel)), cancel); };
  return {
    stop: stop.signal,
    stopNow: (reason) => stop.abort(reason),
    begin(ms) { clearTimeout(idle); idle = setTimeout(() => stop.abort(late(ms)), ms); },
    pause() { clearTimeout(idle); idle = undefined; },
    heedCancel() { if (signal.aborted) onCancel(); else signal.addEventListener("abort", onCancel, { once: true }); },
    moved: () => { idle?.refresh(); },
    end() {
      clearTimeout(idle);
      clearTimeout(last);
      signal.removeEventListener("abort", onCancel);
      // ends what was left behind: a try to open the run that nobody waits for
      stop.abort(new MlstackError("MLS4003", "the run has ended"));
    },
  };
}

const late = (ms: number): MlstackError => new MlstackError("MLS6001", `the experiment tracker gave no answer within ${Math.round(ms / 100) / 10} s`, { fix: "see that it runs, and that its address in the stack's file is right" });
const kept = (n: number, what: string): string => (n === 1 ? `1 ${what} is kept` : `${n} ${what}s are kept`);

function refusals({ refused }: TrackerPump): string[] {
  return [...refused].map(([why, n]) => `the experiment tracker refused what a step has logged, ${kept(n, "event")} in the records only: ${why}`);
}

function missing({ left, error }: TrackerPump, unclosed: unknown): string[] {
  const cause = left > 0 ? (error ?? unclosed) : unclosed;
  if (cause === undefined) return [];
  const reason = cause instanceof Error ? cause.message : "something was thrown that is not an error";
  const what = left === 0 ? "it was not told how the run ended" : `${kept(left, "event")} in the records only`;
  return [`the experiment tracker ${MlstackError.is(cause, "MLS6003") ? "refused the run" : "could not be reached"} (${reason}): ${what}`];
}
