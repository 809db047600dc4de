import assert from "node:assert/strict";
import type { TrackerEvent } from "@mlstack/core";
import { contents, eventsOf, metric, param, STARTED, tag, type ShownRun } from "./subject.ts";
import type { TrackerCase } from "./tools.ts";

const STORED = "When the promise resolves those that are not in `refused` are stored";
const ONCE = "The engine may send an event again after a failure that left open whether it arrived; the tracker sees to it that no event is shown twice";
const ADAPTED = "What it would refuse for its content, such as a name that is too long, is adapted; what can't be adapted is named in `refused` and holds up nothing else";
const FILES = "Opens the bytes of a `file` event by their digest; may be called again for another attempt";

const points = ({ metrics }: ShownRun, key: string): string[] => (metrics[key] ?? []).map((one) => `${one.step}:${one.value}`);

export const logCases: readonly TrackerCase[] = [
  {
    id: "log.kinds", title: "params, metrics and tags are shown when log has resolved, to everybody", clause: `${STORED}. Writes events`,
    async run({ subject, tracker, open, start }) {
      const id = await start();
      const event = eventsOf("train");
      assert.deepEqual(await tracker.log(id, [event(param("depth", 3)), event(param("kind", "tree")), event(param("deep", false)), event(metric("loss", 0.5, 1)), event(tag("phase", "trained"))]), { refused: [] });
      assert.deepEqual(await (await open()).log(id, [eventsOf("late")(metric("loss", 0.25, 2))]), { refused: [] });
      const shown = await subject.show(id);
      assert.partialDeepStrictEqual(shown.params, { depth: "3", kind: "tree", deep: "false" });
      assert.partialDeepStrictEqual(shown.tags, { phase: "trained" });
      assert.deepEqual(points(shown, "loss"), ["1:0.5", "2:0.25"]);
    },
  },
  {
    id: "log.nothing", title: "a call without events is none", clause: "keepAliveMs: `log` is then called at least that often, without events",
    async run({ subject, tracker, start }) {
      const id = await start();
      assert.deepEqual(await tracker.log(id, []), { refused: [] });
      assert.deepEqual(Object.keys((await subject.show(id)).metrics), []);
    },
  },
  {
    id: "log.points", title: "a metric keeps values, steps and times, of thousands of points in one call", clause: "Every event carries (key, step, time) fixed at the call. When the step made the call, in milliseconds since 1970 (UTC). The position on the metric's x axis",
    async run({ subject, tracker, start }) {
      const id = await start();
      const event = eventsOf("train");
      const wanted = Array.from({ length: 2500 }, (_, n) => ({ value: 1 / (n + 1), step: n * 3, time: STARTED + n * 7 }));
      await tracker.log(id, wanted.map(({ value, step, time }) => event(metric("loss", value, step), time)));
      assert.deepEqual((await subject.show(id)).metrics["loss"], wanted);
    },
  },
  {
    id: "log.numbers", title: "numbers of every kind are taken, and hold up no others", clause: `NaN and infinities are allowed. ${ADAPTED}`,
    async run({ subject, tracker, start }) {
      const id = await start();
      const event = eventsOf("train");
      const odd = [Number.NaN, Infinity, -Infinity, 0, -0, 5e-324, Number.MAX_VALUE, -1.5];
      const sent = odd.flatMap((value, step) => [event(metric("odd", value, step)), event(metric("plain", step, step))]);
      const { refused } = await tracker.log(id, sent);
      const infinite = sent.filter((one) => one.kind === "metric" && !Number.isFinite(one.value)).map((one) => one.id);
      assert.ok(refused.every((one) => infinite.includes(one.id) && one.reason !== ""), JSON.stringify(refused));
      const shown = await subject.show(id);
      assert.deepEqual(points(shown, "plain"), odd.map((_, step) => `${step}:${step}`));
      assert.equal(shown.metrics["odd"]!.length, odd.length - refused.length);
      assert.deepEqual(points(shown, "odd").filter((_, n) => n >= 3 - refused.length), odd.map((value, step) => `${step}:${value}`).slice(3));
    },
  },
  {
    id: "log.order", title: "of a tag that is set twice the later call is shown, in one call or in two", clause: "in the order of calls and events where the service has an order. The last value of a key is the one that is shown",
    async run({ subject, tracker, start }) {
      const id = await start();
      const event = eventsOf("train");
      await tracker.log(id, [event(tag("one", "early")), event(tag("one", "late")), event(tag("two", "early"))]);
      await tracker.log(id, [event(tag("two", "late"))]);
      assert.partialDeepStrictEqual((await subject.show(id)).tags, { one: "late", two: "late" });
    },
  },
  {
    id: "log.resent", title: "what is sent again, by whomever and among new events, is shown once", clause: `${ONCE}. resent: Some of the events may be stored already: by an earlier call that failed, by another process, or before the run was resumed`,
    async run({ subject, tracker, open, start }) {
      const id = await start();
      const event = eventsOf("train");
      const all: TrackerEvent[] = Array.from({ length: 40 }, (_, n) => event(n % 10 === 9 ? param(`p${n}`, n) : metric("loss", n, n)));
      await tracker.log(id, all.slice(0, 20));
      await tracker.log(id, all.slice(10, 30), { resent: true });
      assert.equal(points(await subject.show(id), "loss").length, 27);
      const other = await open();
      await other.log(id, all, { resent: true });
      await tracker.log(id, all, { resent: true });
      await (await open()).log(id, all.toReversed(), { resent: true });
      const shown = await subject.show(id);
      const metrics = all.filter((one) => one.kind === "metric");
      assert.deepEqual(points(shown, "loss"), metrics.map((one) => `${one.step}:${one.value}`));
      assert.deepEqual(["p9", "p19", "p29", "p39"].map((key) => shown.params[key]), ["9", "19", "29", "39"]);
    },
  },
  {
    id: "log.same", title: "what makes an event the same one is what the tracker says: its id, or its value", clause: "What makes an event the same one: its `id` (default), or its `value`: two metric calls with equal key, step, time and value are one",
    async run({ subject, tracker, start }) {
      const id = await start();
      const [a, b] = [eventsOf("a"), eventsOf("b")];
      for (const event of [a(metric("loss", 1, 0), STARTED), b(metric("loss", 1, 0), STARTED), b(metric("loss", 1, 0), STARTED + 1)]) await tracker.log(id, [event], { resent: true });
      assert.equal((await subject.show(id)).metrics["loss"]!.length, tracker.sameBy === "value" ? 2 : 3);
    },
  },
  {
    id: "log.items", title: "the items of a map have names of their own, steps share theirs", clause: "The name under which a tracker shows an event: its key; for an item of a map below the step and the item, such as `train/3f2a/loss`. A relative POSIX path of the same form for params, metrics, tags and files. Steps that are no items of a map share names",
    async run({ subject, tracker, start }) {
      const id = await start();
      const nodes = ["train@3f2a", "train@b001", "inner@x@y", "other"];
      for (const [n, node] of nodes.entries()) {
        const event = eventsOf(node);
        await tracker.log(id, [event(metric("loss", n, 0)), event(metric("loss", n, 1))]);
      }
      await tracker.log(id, [eventsOf("last")(metric("loss", 9, 2))]);
      const shown = await subject.show(id);
      for (const [n, name] of ["train/3f2a/loss", "train/b001/loss", "inner/x/y/loss"].entries()) assert.deepEqual(points(shown, name), [`0:${n}`, `1:${n}`], name);
      assert.deepEqual(points(shown, "loss"), ["0:3", "1:3", "2:9"]);
    },
  },
  {
    id: "log.cached", title: "what a cached step had logged is shown like the rest, with its own times", clause: "cachedFrom: Set when the events of a cached step are sent again: the run that really made them",
    async run({ subject, tracker, start }) {
      const id = await start();
      const old = STARTED - 1e9;
      const event = eventsOf("train", 0, "run-of-old");
      assert.deepEqual(await tracker.log(id, [event(metric("acc", 0.9, 1), old), event(param("depth", 4), old)]), { refused: [] });
      const shown = await subject.show(id);
      assert.deepEqual(shown.metrics["acc"], [{ value: 0.9, step: 1, time: old }]);
      assert.equal(shown.params["depth"], "4");
    },
  },
  {
    id: "log.names", title: "names and values of every form are taken, and cost nothing else", clause: `${ADAPTED}. What the service will never take`,
    async run({ subject, tracker, open, start }) {
      const id = await start();
      const keys = ["loss", "loss/train", "acc.x", "..", "...", "a/..b", " a", "a ", "a//b", "/", "größe 🎉", "x".repeat(250), "[0]", "a\nb", "%41", "\\"];
      const event = eventsOf("n");
      const sent = [...keys.flatMap((key, n) => [event(metric(key, n, n)), event(param(key, n)), event(tag(key, String(n)))]), event(param("long", "🎉".repeat(9000))), event(tag("long", "ü".repeat(9000))), event(tag("lone", "\ud800")), event(tag("mlstack.run", "mine"))];
      for (const one of [tracker, await open()]) {
        const { refused } = await one.log(id, sent, { resent: one !== tracker });
        assert.ok(refused.every(({ id: which, reason }) => sent.some((e) => e.id === which) && reason !== ""), JSON.stringify(refused));
        assert.ok(!refused.some(({ id: which }) => which === sent[0]!.id), "a plain name was refused");
      }
      await tracker.log(id, [event(metric("after", 1, 1))]);
      const shown = await subject.show(id);
      assert.deepEqual([points(shown, "after"), points(shown, "loss"), shown.params["loss"], shown.tags["loss"]], [["1:1"], ["0:0"], "0", "0"]);
    },
  },
  {
    id: "log.params-again", title: "a param that has another value in another step or attempt costs nothing else", clause: ADAPTED,
    async run({ subject, tracker, open, start }) {
      const id = await start({ params: { depth: 1 } });
      const other = await open();
      for (const [one, node, attempt] of [[tracker, "a", 1], [other, "b", 1], [tracker, "b", 2]] as const) {
        const event = eventsOf(node, attempt);
        const { refused } = await one.log(id, [event(param("depth", `${node} ${attempt}`)), event(metric(`loss-${node}`, 1, attempt))]);
        assert.ok(refused.every(({ reason }) => reason !== ""));
      }
      const shown = await subject.show(id);
      assert.ok(shown.params["depth"] !== undefined, "the param is gone");
      assert.deepEqual([points(shown, "loss-a"), points(shown, "loss-b")], [["1:1"], ["1:1", "2:1"]]);
    },
  },
  {
    id: "log.side-by-side", title: "processes log to one run side by side, and nothing is lost or twice", clause: "How many processes may log to one run side by side; `many` by default", needs: ["many"],
    async run({ subject, open, start }) {
      const id = await start();
      await Promise.all(["a", "b", "c"].map(async (node, which) => {
        const mine = await open();
        const event = eventsOf(node);
        for (let n = 0; n < 10; n++) await mine.log(id, Array.from({ length: 5 }, (_, i) => event(metric(i === 0 ? `own-${node}` : "shared", which, n * 5 + i))));
      }));
      const shown = await subject.show(id);
      assert.equal(shown.metrics["shared"]!.length, 3 * 40);
      for (const node of ["a", "b", "c"]) assert.deepEqual(shown.metrics[`own-${node}`]!.map((one) => one.step), [0, 5, 10, 15, 20, 25, 30, 35, 40, 45]);
    },
  },
  {
    id: "files.shown", title: "files are shown under their paths, byte by byte, empty and large ones too; those of items apart", clause: `${FILES}. Where it is shown: a relative POSIX path. Hex SHA-256 of the bytes`, needs: ["files"],
    async run({ subject, tracker, start }) {
      const id = await start();
      const c = contents();
      const large = Buffer.alloc(3_000_001, "0123456789");
      const event = eventsOf("plot");
      assert.deepEqual(await tracker.log(id, [event(c.file("plots/roc.txt", "roc")), event(c.file("empty", "")), event(c.file("large.bin", large)), eventsOf("plot@x")(c.file("plots/roc.txt", "of x"))], { open: c.open }), { refused: [] });
      const shown = await subject.show(id);
      for (const [path, bytes] of [["plots/roc.txt", "roc"], ["empty", ""], ["large.bin", large], ["plot/x/plots/roc.txt", "of x"]] as const) {
        const found = await shown.file(path);
        assert.ok(found !== undefined && Buffer.from(bytes as Uint8Array).equals(found), `${path}: ${found?.byteLength ?? "no"} bytes`);
      }
      assert.equal(await shown.file("plots/none.txt"), undefined);
    },
  },
  {
    id: "files.refused", title: "a file that can't be shown is named, and holds up nothing else", clause: `${ADAPTED}. In the service's words, for a person`, needs: ["files"],
    async run({ subject, tracker, start }) {
      const id = await start();
      const c = contents();
      const event = eventsOf("plot");
      const sent = [event(c.file("a", "one")), event(c.file("a/b", "two")), event(c.file("c", "three")), event(metric("loss", 1, 0))];
      const { refused } = await tracker.log(id, sent, { open: c.open });
      assert.ok(refused.length <= 1 && refused.every((one) => [sent[0]!.id, sent[1]!.id].includes(one.id) && one.reason !== ""), JSON.stringify(refused));
      const shown = await subject.show(id);
      assert.deepEqual([Buffer.from((await shown.file("c")) ?? "").toString(), points(shown, "loss")], ["three", ["0:1"]]);
    },
  },
  {
    id: "files.resent", title: "a file that is sent again is the newest of its path still", clause: `${ONCE}. ${FILES}`, needs: ["files"],
    async run({ subject, tracker, open, start }) {
      const id = await start();
      const c = contents();
      const event = eventsOf("plot");
      const sent = [event(c.file("roc.txt", "early")), event(c.file("roc.txt", "late"))];
      await tracker.log(id, sent, { open: c.open });
      await (await open()).log(id, sent, { open: c.open, resent: true });
      assert.equal(Buffer.from((await (await subject.show(id)).file("roc.txt")) ?? "").toString(), "late");
    },
  },
];
