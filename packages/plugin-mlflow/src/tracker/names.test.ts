import fc from "fast-check";
import { expect, test } from "vitest";
import { batchesOf, halves, LIMITS, sizeOf } from "./batches.ts";
import { planFile } from "./files.ts";
import { fitting, legalKey, legalPath, length } from "./names.ts";
import { formatStamp, parseStamp, userTagKey } from "./tags.ts";
import { nameOf, tagsOf } from "./mlflow-tracker.ts";

// MLflow's own rule, in posixpath's terms
const isLegal = (key: string): boolean => /^[/\p{L}\p{N}_.\- :]+$/u.test(key) && length(key) <= 250 && !key.startsWith("/") && !key.startsWith("..") && key.split("/").every((s) => s !== "" && s !== "." && s !== "..");
const anyText = fc.string({ unit: "binary", minLength: 1, maxLength: 300 });

test("every key becomes a legal one, legal ones stay, and two never become one", () => {
  fc.assert(fc.property(fc.oneof(anyText, fc.string({ unit: fc.constantFrom("a", "/", ".", " ", "[", "🎉", "ü"), minLength: 1, maxLength: 8 })), (key) => {
    expect(isLegal(legalKey(key))).toBe(true);
    if (isLegal(key) && key.normalize("NFC") === key) expect(legalKey(key)).toBe(key);
  }), { numRuns: 2000 });
  fc.assert(fc.property(fc.uniqueArray(fc.string({ unit: fc.constantFrom("a", "/", ".", "[", "é", "e\u0301"), minLength: 1, maxLength: 6 }), { maxLength: 50 }), (keys) => {
    expect(new Set(keys.map(legalKey)).size).toBe(keys.length);
  }));
  expect([legalKey("..x"), legalKey("..."), legalKey("a/..x")]).toEqual([expect.stringMatching(/^__x_[0-9a-f]{8}$/), expect.stringMatching(/^____[0-9a-f]{8}$/), "a/..x"]);
  expect([legalKey("w[0]"), legalKey("a//b"), legalKey("../x"), legalKey("/"), legalKey("[]")]).toEqual([
    expect.stringMatching(/^w_0__[0-9a-f]{8}$/), expect.stringMatching(/^a\/b_/), expect.stringMatching(/^__\/x_/), expect.stringMatching(/^__/), expect.stringMatching(/^___/),
  ]);
});

test("paths: nothing that the server changes or refuses, and two never become one", () => {
  fc.assert(fc.property(fc.uniqueArray(fc.string({ unit: fc.constantFrom("a", "/", ".", "#", "%", "2", "\\", "\n", "ü", ":"), minLength: 1, maxLength: 8 }), { maxLength: 40 }), (paths) => {
    const legal = paths.map(legalPath);
    expect(new Set(legal).size).toBe(paths.length);
    for (const p of legal) {
      expect(p).toMatch(/^[^#%\\\n]+$/);
      expect(p.split("/")).not.toEqual(expect.arrayContaining([expect.stringMatching(/^\.{0,2}$/)]));
    }
  }), { numRuns: 500 });
  expect([legalPath("plots/ü ?.png"), legalPath("a#b.tar.gz"), legalPath("C:/x")]).toEqual(["plots/ü ?.png", expect.stringMatching(/^a_b\.tar_[0-9a-f]{8}\.gz$/), expect.stringMatching(/^C_\/x_/)]);
});

test("values: within the limit by characters, cut between them, said", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 120 }), (text) => {
    const fitted = fitting(text, 60);
    expect(length(fitted)).toBeLessThanOrEqual(60);
    expect(Buffer.from(fitted).toString()).toBe(fitted);
    expect(fitting(fitted, 60)).toBe(fitted);
  }), { numRuns: 1000 });
  expect(fitting("🎉".repeat(50), 40)).toBe(`${"🎉".repeat(20)}… [cut: 50 characters]`.replace("🎉".repeat(20), "🎉".repeat(40 - "… [cut: 50 characters]".length)));
  expect(fitting("a\0b\ud800", 10)).toBe("a\ufffdb\ufffd");
});

test("batches hold everything in order, within the limits", () => {
  const text = fc.oneof(fc.string({ maxLength: 20 }), fc.constant("x".repeat(8000)), fc.constant("ü".repeat(6000)));
  const pair = fc.record({ key: fc.string({ maxLength: 20 }), value: text });
  const metric = fc.record({ key: fc.string({ maxLength: 250 }), value: fc.double(), timestamp: fc.nat(), step: fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }).map(String) });
  fc.assert(fc.property(fc.array(pair, { maxLength: 250 }), fc.array(metric, { maxLength: 150 }), fc.nat(2500), fc.array(pair, { maxLength: 250 }), (params, few, many, tags) => {
    const metrics = [...few, ...Array.from({ length: many }, (_, i) => ({ key: "m", value: i, timestamp: i, step: String(i) }))];
    const batches = batchesOf({ params, metrics, tags });
    for (const b of batches) {
      expect(b.params.length <= LIMITS.params && b.tags.length <= LIMITS.tags && b.metrics.length <= LIMITS.metrics && sizeOf(b) <= LIMITS.entries && sizeOf(b) > 0).toBe(true);
      expect(Buffer.byteLength(JSON.stringify({ run_id: "0".repeat(32), ...b }))).toBeLessThanOrEqual(1_000_000);
    }
    expect([batches.flatMap((b) => b.params), batches.flatMap((b) => b.metrics), batches.flatMap((b) => b.tags)]).toEqual([params, metrics, tags]);
    for (const b of batches) if (sizeOf(b) > 1) {
      const [left, right] = halves(b);
      expect(Math.abs(sizeOf(left) - sizeOf(right))).toBeLessThanOrEqual(1);
      expect({ params: [...left.params, ...right.params], metrics: [...left.metrics, ...right.metrics], tags: [...left.tags, ...right.tags] }).toEqual(b);
    }
  }), { numRuns: 40 });
});

test("long values are split by their size", () => {
  const long = Array.from({ length: 100 }, (_, i) => ({ key: `k${i}`, value: "日".repeat(6000) }));
  expect(batchesOf({ params: long, metrics: [], tags: long }).map((b) => Buffer.byteLength(JSON.stringify(b)) < 1_000_000)).toEqual([true, true, true, true, true]);
});

test("stamps come back, also for nodes with slashes and spaces", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), fc.nat(), fc.nat(), fc.integer({ min: 0, max: 8e12 }), (node, attempt, ordinal, time) => {
    const stamp = { node, attempt, ordinal, time };
    expect(parseStamp(formatStamp(stamp))).toEqual(stamp);
  }));
  expect([parseStamp(""), parseStamp("by hand"), parseStamp("n/1/2 soonZ")]).toEqual([undefined, undefined, undefined]);
});

test("keys of tags that are not the user's", () => {
  expect(["mlflow.user", "mlflow.note.content", "mlflow.runName", "mlstack.run", "team", "mlflow"].map(userTagKey)).toEqual(["user.mlflow.user", "mlflow.note.content", "mlflow.runName", "user.mlstack.run", "team", "mlflow"]);
});

test("files: one node's later file replaces its own, another node's goes below its name", () => {
  const event = (node: string, ordinal: number, digest: string) => ({ kind: "file" as const, key: "a/b.txt", value: digest.repeat(64), size: 1, id: `${node}/1/${ordinal}`, node, attempt: 1, time: 1000 + ordinal });
  const tags = new Map<string, string>();
  const put = (e: ReturnType<typeof event>): string | undefined => { const p = planFile(e, tags); if (p !== undefined) tags.set(p.tag, p.value); return p?.path; };
  expect([put(event("n", 1, "a")), put(event("n", 1, "a")), put(event("n", 3, "b")), put(event("n", 2, "c")), put(event("m", 0, "d")), put(event("m", 0, "d")), put(event("m", 1, "b"))])
    .toEqual(["a/b.txt", undefined, "a/b.txt", undefined, "m/a/b.txt", undefined, undefined]);
});

test("the run's name and tags", () => {
  const run = { runId: "r1", pipeline: "churn", params: {}, tags: { "mlstack.run": "r1", "mlflow.user": "x", "mlflow.runName": "y", team: "a" }, startedAt: new Date(0) };
  expect([nameOf(run), nameOf(run, "nightly {run} $& {pipeline}")]).toEqual(["churn r1", "nightly r1 $& churn"]);
  expect(Object.fromEntries(tagsOf(run, "me").map((t) => [t.key, t.value]))).toEqual({ "user.mlflow.user": "x", team: "a", "mlstack.pipeline": "churn", "mlflow.source.name": "churn", "mlflow.source.type": "LOCAL", "mlflow.user": "me" });
});

test("files: one that is the folder of another has a place of its own, and keeps its extension", () => {
  const event = (key: string, node = "n") => ({ kind: "file" as const, key, value: key.length.toString(16).repeat(64).slice(0, 64), size: 1, id: `${node}/1/0`, node, attempt: 1, time: 1000 });
  const tags = new Map<string, string>();
  const put = (e: ReturnType<typeof event>): string | undefined => { const p = planFile(e, tags); if (p !== undefined) tags.set(p.tag, p.value); return p?.path; };
  expect([put(event("plots")), put(event("plots/roc.png")), put(event("plots/roc.png")), put(event("a/b")), put(event("a")), put(event("roc.png", "train@3f"))])
    .toEqual(["plots", expect.stringMatching(/^plots_roc_[0-9a-f]{8}\.png$/), undefined, "a/b", expect.stringMatching(/^a_[0-9a-f]{8}$/), "train/3f/roc.png"]);
});
