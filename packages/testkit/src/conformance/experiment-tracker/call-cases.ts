import assert from "node:assert/strict";
import type { ErrorCode, ExperimentTracker } from "@mlstack/core";
import { aborted, refused } from "../refused.ts";
import { contents, eventsOf, metric, STARTED, type ExperimentTrackerSubject } from "./subject.ts";
import type { TrackerCase } from "./tools.ts";

const ABORT = "An aborted call ends at once, also where it waits for another one. Rejects with the signal's reason";

const failing = (need: "denied" | "unreachable", title: string, clause: string, code: ErrorCode, open: (s: ExperimentTrackerSubject) => Promise<ExperimentTracker>): TrackerCase => ({
  id: `fails.${need}`, title, clause, needs: [need],
  async run({ subject, run, start }) {
    const id = await start();
    const tracker = await open(subject);
    try {
      await refused(async () => tracker.startRun(run()), code);
      await refused(async () => tracker.log(id, [eventsOf("a")(metric("loss", 1, 0))]), code);
      await refused(async () => tracker.finishRun(id, "failed", new Date(STARTED)), code);
      if (tracker.check !== undefined) assert.ok((await tracker.check()).some((one) => !one.ok), "the tracker's own check finds nothing wrong");
    } finally { await tracker.dispose?.(); }
    const { status, metrics } = await subject.show(id);
    assert.deepEqual([status, Object.keys(metrics)], ["running", []]);
  },
});

export const trackerCallCases: readonly TrackerCase[] = [
  {
    id: "abort.before", title: "a call whose signal was aborted before does nothing and rejects with the signal's reason", clause: ABORT,
    async run({ subject, tracker, run, start }) {
      const id = await start();
      const reason = new Error("enough");
      const signal = AbortSignal.abort(reason);
      const wanted = run();
      await aborted(async () => tracker.startRun(wanted, { signal }), reason, "startRun");
      await aborted(async () => tracker.log(id, [eventsOf("a")(metric("loss", 1, 0))], { signal }), reason, "log");
      await aborted(async () => tracker.finishRun(id, "failed", new Date(STARTED), { signal }), reason, "finishRun");
      const { status, metrics } = await subject.show(id);
      assert.deepEqual([status, Object.keys(metrics), await subject.runsOf(wanted.runId)], ["running", [], []]);
    },
  },
  {
    id: "abort.file", title: "a call that is aborted while a file's bytes are awaited ends, and what is logged later is stored", clause: ABORT, needs: ["files"],
    async run({ subject, tracker, start }) {
      const id = await start();
      const event = eventsOf("a");
      const stop = new AbortController();
      const reason = new Error("enough");
      // bytes that never come, as of a store that hangs
      const open = async function* (): AsyncIterable<Uint8Array> {
        yield Buffer.from("half");
        setImmediate(() => { stop.abort(reason); });
        await new Promise(() => undefined);
      };
      await aborted(async () => tracker.log(id, [event(contents().file("f", "half and half"))], { open, signal: stop.signal }), reason, "log");
      await tracker.log(id, [event(metric("loss", 1, 0))]);
      const shown = await subject.show(id);
      assert.deepEqual([shown.metrics["loss"]?.length, await shown.file("f")], [1, undefined]);
    },
  },
  {
    id: "dispose", title: "a tracker that is disposed of takes nothing from another one", clause: "Releases connections and files",
    async run({ subject, tracker, open, start }) {
      const id = await start();
      const other = await open();
      await other.log(id, [eventsOf("a")(metric("loss", 1, 0))]);
      await other.dispose?.();
      await tracker.log(id, [eventsOf("b")(metric("loss", 2, 1))]);
      assert.equal((await subject.show(id)).metrics["loss"]?.length, 2);
    },
  },
  failing("denied", "credentials that are not taken are MLS6002 by every method", "MLS6002 and MLS6003 are refusals that a repetition does not change", "MLS6002", (s) => s.openDenied!()),
  failing("unreachable", "a service that can't be reached is MLS6001 by every method", "MLS6001 when the service does not serve at the moment (not reached, no or half an answer)", "MLS6001", (s) => s.openUnreachable!()),
];
