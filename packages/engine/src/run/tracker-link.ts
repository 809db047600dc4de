import { setTimeout as sleep } from "node:timers/promises";
import { MlstackError, type ExperimentTracker, type LogOptions, type TrackedRun, type TrackedStatus, type TrackerEvent } from "@mlstack/core";

/** A line to the stack's tracker. What can't be sent is kept and sent again; nothing is sent twice as new. */
export interface TrackerLink {
  /** The vendor's id of the run, once it is open. */
  readonly externalId: string | undefined;
  /** Where a person can look at it. */
  readonly url: string | undefined;
  /**
   * Sends events, those first that were left over. Never rejects.
   *
   * @param isLast tries also when the tracker was out of reach a moment ago
   */
  send(events: readonly TrackerEvent[], isLast?: boolean): Promise<void>;
  /** How many events could not be sent so far. */
  readonly left: number;
  /** What the service refused for its content, by the reason; it is not sent again. */
  readonly refused: ReadonlyMap<string, number>;
  /** Sends what is left and closes the vendor's run. Returns what a person should know. */
  finish(status: TrackedStatus, endedAt: Date): Promise<readonly string[]>;
}

type OpenFile = NonNullable<LogOptions["open"]>;
const TRIES = 3;
/** How long a tracker that could not be reached is left alone, in milliseconds: waiting for it again and again would cost every step its time. */
const QUIET_MS = 15_000;

/** Calls until it goes well, a few times, and remembers why it did not. */
function trier(delayMs: number) {
  const state: { error: unknown } = { error: undefined };
  const retry = async (work: () => Promise<void>, isFinal: (e: unknown) => boolean = () => false): Promise<boolean> => {
    for (let n = 1; ; n++) {
      try { await work(); return true; } catch (e) {
        state.error = e;
        if (n === TRIES || isFinal(e)) return false;
      }
      await sleep(delayMs * 2 ** (n - 1));
    }
  };
  return { state, retry };
}

/**
 * Opens the vendor's run. A tracker that can't be reached does not cost the run its results: events are in the records and with the
 * cache entries, and the run ends with a warning. Only a step that requires the tracker makes this an error.
 *
 * @throws what the tracker threw, when `required`
 */
export async function trackerLink(tracker: ExperimentTracker, run: TrackedRun, { required, open, delayMs = 500 }: { readonly required: boolean; readonly open: OpenFile; readonly delayMs?: number }): Promise<TrackerLink> {
  const { state, retry } = trier(delayMs);
  let externalId: string | undefined;
  let url: string | undefined;
  const start = () => retry(async () => { ({ externalId, url } = await tracker.startRun(run)); });
  const queue = sender(tracker, () => externalId, open, { state, retry });
  if (!(await start()) && required) throw state.error;
  // a service may take a run that says nothing for a dead one
  const beat = tracker.keepAliveMs === undefined ? undefined : setInterval(() => { if (externalId !== undefined) void tracker.log(externalId, []).catch(() => undefined); }, tracker.keepAliveMs);
  beat?.unref();
  return {
    get externalId() { return externalId; },
    get url() { return url; },
    get left() { return queue.left; },
    refused: queue.refused,
    send: queue.send,
    async finish(status, endedAt) {
      if (externalId === undefined) await start();
      await queue.send([], true);
      const id = externalId;
      const closed = id !== undefined && (await retry(() => tracker.finishRun(id, status, endedAt)));
      clearInterval(beat);
      const refused = [...queue.refused].map(([why, n]) => `the experiment tracker refused ${n} event${n === 1 ? "" : "s"}, which are kept in the records only: ${why}`);
      if (closed && queue.left === 0) return refused;
      const reason = state.error instanceof Error ? state.error.message : String(state.error);
      return [...refused, `the experiment tracker could not be reached (${reason}): ${queue.left} events are kept in the records only`];
    },
  };
}

/** A step's line to a vendor's run that the driver has opened. */
export function stepTrackerLink(tracker: ExperimentTracker, externalId: string, open: OpenFile, delayMs = 500): Pick<TrackerLink, "send" | "left" | "refused"> {
  return sender(tracker, () => externalId, open, trier(delayMs));
}

function sender(tracker: ExperimentTracker, idOf: () => string | undefined, open: OpenFile, { state, retry }: ReturnType<typeof trier>): Pick<TrackerLink, "send" | "left" | "refused"> {
  const refused = new Map<string, number>();
  let backlog: TrackerEvent[] = [];
  let sending: Promise<void> = Promise.resolve();
  let quietUntil = 0;
  const flush = async (isLast: boolean): Promise<void> => {
    const id = idOf();
    if (backlog.length === 0 || id === undefined) return;
    if (!isLast && Date.now() < quietUntil) return;
    const batch = [...backlog];
    // what is refused for its content once is refused again
    if (await retry(() => tracker.log(id, batch, { open }), (e) => MlstackError.is(e, "MLS6003"))) { backlog = backlog.slice(batch.length); return; }
    if (!MlstackError.is(state.error, "MLS6003")) { quietUntil = Date.now() + QUIET_MS; return; }
    // one event that the service will never take must not hold up those behind it
    for (const event of batch) {
      try { await tracker.log(id, [event], { open }); } catch (e) {
        if (!MlstackError.is(e, "MLS6003")) { state.error = e; return; }
        refused.set(e.message, (refused.get(e.message) ?? 0) + 1);
      }
      backlog = backlog.slice(1);
    }
  };
  return {
    refused,
    get left() { return backlog.length; },
    // one batch at a time: calls of one step must arrive in their order
    send: (events, isLast = false) => {
      backlog.push(...events);
      return (sending = sending.then(() => flush(isLast)));
    },
  };
}
