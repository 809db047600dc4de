import assert from "node:assert/strict";
import { refused } from "../refused.ts";
import { eventsOf, metric, param, STARTED } from "./subject.ts";
import type { TrackerCase } from "./tools.ts";

const AGAIN = "Opens the vendor's run for a pipeline run, or the one that an earlier call with the same `runId` opened";
const RUNNING = "that one is running again, also where it was finished before";

export const runCases: readonly TrackerCase[] = [
  {
    id: "contract", title: "the tracker names its contract and what it can do", clause: "contract: \"experiment_tracker@1\"; writers, keepAliveMs, sameBy, files",
    async run({ tracker }) {
      assert.equal(tracker.contract, "experiment_tracker@1");
      assert.ok([undefined, "one", "many"].includes(tracker.writers), tracker.writers);
      assert.ok([undefined, "id", "value"].includes(tracker.sameBy), tracker.sameBy);
      assert.ok(["undefined", "boolean"].includes(typeof tracker.files));
      assert.ok(tracker.keepAliveMs === undefined || tracker.keepAliveMs > 0);
    },
  },
  {
    id: "check", title: "the check of a tracker that works finds that it works", clause: "Looks at reach, permissions and latency", needs: ["check"],
    async run({ tracker }) {
      const findings = await tracker.check!();
      assert.ok(findings.length > 0, "it has looked at nothing");
      for (const { name, ok, message } of findings) { assert.ok(ok, `${name}: ${message}`); assert.ok(name !== "" && message !== "", "a finding without words"); }
    },
  },
  {
    id: "run.start", title: "a run is shown as running, with its params and tags, one for one", clause: `One vendor run per pipeline run, created before the first step. ${AGAIN}. @returns the vendor's id of the run, and where a person can look at it. The pipeline's parameters, as text where they are not plain`,
    async run({ subject, tracker, run }) {
      const wanted = run({ params: { epochs: 3, lr: 0.25, shuffle: true, data: "s3://bucket/ü.csv", none: "" }, tags: { team: "växt" } });
      const { externalId, url } = await tracker.startRun(wanted);
      assert.ok(externalId !== "", "the run has no id");
      assert.ok(url === undefined || URL.canParse(url), url);
      assert.deepEqual(await subject.runsOf(wanted.runId), [externalId]);
      const { status, params, tags } = await subject.show(externalId);
      assert.equal(status, "running");
      assert.partialDeepStrictEqual(params, { epochs: "3", lr: "0.25", shuffle: "true", data: "s3://bucket/ü.csv", none: "" });
      assert.partialDeepStrictEqual(tags, { team: "växt" });
    },
  },
  {
    id: "run.again", title: "a run that is started again is the same one, for another process too, and keeps what it has", clause: AGAIN,
    async run({ subject, tracker, open, run }) {
      const wanted = run({ params: { n: 1 } });
      const { externalId } = await tracker.startRun(wanted);
      await tracker.log(externalId, [eventsOf("a")(metric("loss", 1, 0))]);
      const other = await open();
      for (const one of [tracker, other]) for (const more of [{}, { externalId }]) assert.equal((await one.startRun({ ...wanted, ...more })).externalId, externalId);
      assert.deepEqual(await subject.runsOf(wanted.runId), [externalId]);
      const { metrics, params } = await subject.show(externalId);
      assert.deepEqual([metrics["loss"]?.length, params["n"]], [1, "1"]);
    },
  },
  {
    id: "run.apart", title: "two pipeline runs are two, and share nothing", clause: "One vendor run per pipeline run",
    async run({ subject, tracker, start }) {
      const ids = [await start({ params: { n: 1 } }), await start({ params: { n: 2 } })];
      assert.notEqual(ids[0], ids[1]);
      for (const [n, id] of ids.entries()) await tracker.log(id, [eventsOf("a")(metric("loss", n, 0))]);
      for (const [n, id] of ids.entries()) {
        const { metrics, params } = await subject.show(id);
        assert.deepEqual([metrics["loss"]!.map((one) => one.value), params["n"]], [[n], String(n + 1)]);
      }
    },
  },
  {
    id: "run.finish", title: "a run is closed with its final status, once and again, by any process", clause: "Closes the vendor's run with its final status. Idempotent",
    async run({ subject, tracker, open, start }) {
      const other = await open();
      for (const status of ["completed", "failed", "cancelled"] as const) {
        const id = await start();
        const endedAt = new Date(STARTED + 60_000);
        for (const one of [tracker, other, tracker]) {
          await one.finishRun(id, status, endedAt);
          const shown = await subject.show(id);
          assert.equal(shown.status, status);
          assert.deepEqual(shown.endedAt ?? endedAt, endedAt);
        }
      }
    },
  },
  {
    id: "run.resume", title: "a run that was finished is running again when it is started again, and is finished again", clause: `${AGAIN}: ${RUNNING}`,
    async run({ subject, tracker, open, run }) {
      const wanted = run();
      const { externalId } = await tracker.startRun(wanted);
      await tracker.finishRun(externalId, "failed", new Date(STARTED + 1000));
      assert.equal((await tracker.startRun(wanted)).externalId, externalId);
      assert.equal((await subject.show(externalId)).status, "running");
      for (const [step, [status, more]] of ([["failed", {}], ["cancelled", { externalId }], ["completed", {}]] as const).entries()) {
        await (await open()).finishRun(externalId, status, new Date(STARTED + 1000));
        const again = await open();
        assert.equal((await again.startRun({ ...wanted, ...more })).externalId, externalId);
        assert.equal((await subject.show(externalId)).status, "running");
        await again.log(externalId, [eventsOf(status)(metric("loss", 1, step))]);
      }
      assert.equal((await subject.show(externalId)).metrics["loss"]?.length, 3);
    },
  },
  {
    id: "run.gone", title: "a run that somebody has removed takes nothing any more, and is made anew when it is started", clause: "@throws MLS6003 when no event can be stored any more, as when the run was deleted. That one is opened, unless the service does not have it any more", needs: ["remove"],
    async run({ subject, tracker, open, run }) {
      const wanted = run();
      const { externalId } = await tracker.startRun(wanted);
      await tracker.log(externalId, [eventsOf("a")(metric("loss", 1, 0))]);
      await subject.remove!(externalId);
      for (const one of [tracker, await open()]) {
        await refused(async () => one.log(externalId, [eventsOf("b")(metric("loss", 2, 1))]), "MLS6003");
        await refused(async () => one.log(externalId, [eventsOf("b")(param("p", 1))]), "MLS6003");
      }
      const next = await open();
      const made = await next.startRun({ ...wanted, externalId });
      await next.log(made.externalId, [eventsOf("c")(metric("loss", 3, 2))]);
      assert.deepEqual((await subject.show(made.externalId)).metrics["loss"]!.map((one) => one.value), [3]);
    },
  },
  {
    id: "run.unknown", title: "a run that nobody has started takes no events and has no end", clause: "MLS6003 when no event can be stored any more",
    async run({ subject, tracker, run, start }) {
      const { runId } = run();
      // of the form of an id of the service
      const id = (await start()).replaceAll(/[0-9a-f]/g, "0");
      await refused(async () => tracker.log(id, [eventsOf("a")(metric("loss", 1, 0))]), "MLS6003");
      await refused(async () => tracker.finishRun(id, "failed", new Date(STARTED)), "MLS6003");
      assert.deepEqual(await subject.runsOf(runId), []);
    },
  },
];
