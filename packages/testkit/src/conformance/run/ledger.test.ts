import { describe, expect, test } from "vitest";
import { Ledger } from "./ledger.ts";
import type { KitPlan, PlannedTarget } from "./messages.ts";
import type { CaseReport, KitEvent } from "./report.ts";

const none = { hosts: [], files: [], processes: [], env: [] };
const planned = (flavor: string, more: Partial<PlannedTarget> = {}): PlannedTarget => ({ contract: "acme.probe@1", flavor, suite: "s@1", limitMs: 1000, declared: none, cases: ["a", "b"].map((id) => ({ id, title: id.toUpperCase(), clause: "c" })), ...more });
const plan = (...targets: PlannedTarget[]): KitPlan => ({ package: "acme", version: "1.0.0", dir: "/acme", core: "1", testkit: "1", targets });
const passed = (id: string): CaseReport => ({ id, title: id.toUpperCase(), clause: "c", status: "passed", ms: 1 });

function ledgerOf(...targets: PlannedTarget[]) {
  const events: KitEvent[] = [];
  const ledger = new Ledger({ watched: true, seed: 1, tell: (event) => { events.push(event); } });
  ledger.take({ type: "plan", plan: plan(...targets) });
  return { ledger, events };
}
const casesOf = (ledger: Ledger, n = 0) => ledger.report({ interrupted: false }).targets[n]!.cases.map(({ id, status }) => `${id} ${status}`);

describe("what a process leaves behind that is gone", () => {
  test("in the middle of a case: that one has failed, and what was run before is not run again", () => {
    const { ledger } = ledgerOf(planned("one"), planned("two"));
    ledger.take({ type: "starting", target: 0 });
    ledger.take({ type: "case", target: 0, id: "a" });
    expect(ledger.gone("it was ended by SIGKILL")).toBe(true);
    expect(ledger.done()).toEqual([{ target: 0, ids: ["a"], over: false }, { target: 1, ids: [], over: false }]);
    ledger.take({ type: "starting", target: 0 });
    ledger.take({ type: "case", target: 0, id: "b" });
    ledger.take({ type: "case-end", target: 0, outcome: passed("b") });
    ledger.take({ type: "target-end", target: 0 });
    expect(casesOf(ledger).slice(0, 2)).toEqual(["a failed", "b passed"]);
    expect(ledger.report({ interrupted: false }).targets[0]!.cases[0]!.error!.message).toBe("the plugin's process is gone: it was ended by SIGKILL");
  });

  test("with the last case of the last target: nothing is left to do", () => {
    const { ledger } = ledgerOf(planned("one"));
    ledger.take({ type: "starting", target: 0 });
    ledger.take({ type: "case", target: 0, id: "a" });
    ledger.take({ type: "case-end", target: 0, outcome: passed("a") });
    ledger.take({ type: "case", target: 0, id: "b" });
    ledger.take({ type: "fault", error: { name: "Error", message: "late" } });
    expect(ledger.gone("it ended with exit code 70")).toBe(false);
    expect(ledger.report({ interrupted: false }).targets[0]!.cases[1]!.error!.message).toBe("nobody caught an error: late");
  });

  test("while a target starts or stops: that target has failed as a whole, and no more is tried of it", () => {
    const { ledger } = ledgerOf(planned("one"), planned("two"));
    ledger.take({ type: "starting", target: 0 });
    expect(ledger.gone("it ended with exit code 0")).toBe(true);
    const [first] = ledger.report({ interrupted: false }).targets;
    expect([first!.status, first!.reason, first!.cases]).toEqual(["failed", "the target did not start", []]);
    expect(ledger.done()[0]).toEqual({ target: 0, ids: [], over: true });
  });

  test("before any target: the run can't begin", () => {
    const { ledger } = ledgerOf(planned("one"));
    expect(() => ledger.gone("it ended with exit code 0")).toThrow(expect.objectContaining({ code: "MLS8702" }));
  });
});

describe("what the plugin reached for", () => {
  test("a place that is not declared fails its kind; a host's name counts once, with its port", () => {
    const { ledger } = ledgerOf(planned("one"));
    ledger.take({ type: "starting", target: 0 });
    ledger.take({ type: "access", access: { kind: "env", place: "ACME_X", during: "import", at: "index.js:1:1" } });
    for (const place of ["acme.com", "acme.com:443"]) ledger.take({ type: "access", target: 0, access: { kind: "hosts", place, during: "put" } });
    ledger.take({ type: "target-end", target: 0 });
    const [target] = ledger.report({ interrupted: false }).targets;
    expect(target!.cases.filter(({ status }) => status === "failed").map(({ error }) => error!.message)).toEqual(["the manifest does not declare the host acme.com:443 (during put)", "the manifest does not declare the variable ACME_X (at index.js:1:1)"]);
  });

  test("of a run that was not whole nothing is said to be unused", () => {
    const { ledger } = ledgerOf(planned("one", { declared: { ...none, env: ["ACME_X"] } }));
    ledger.take({ type: "starting", target: 0 });
    ledger.take({ type: "target-end", target: 0 });
    const report = ledger.report({ interrupted: true });
    expect([report.targets[0]!.notes, report.ok]).toEqual([[], false]);
  });
});

test("a component without a target is told at once, and is over", () => {
  const { ledger, events } = ledgerOf(planned("one", { refused: "no target", cases: [] }));
  expect(events.map(({ type }) => type)).toEqual(["plan", "target-end"]);
  expect(ledger.report({ interrupted: false })).toMatchObject({ ok: false, passed: 0, targets: [{ status: "failed", reason: "no target" }] });
});

describe("a target of which nothing is proven has failed", () => {
  const skipped = (id: string): CaseReport => ({ ...passed(id), status: "skipped", reason: `no ${id}` });
  function reportOf(core: readonly string[] | undefined, ...outcomes: CaseReport[]) {
    const { ledger } = ledgerOf(planned("one", { core }));
    ledger.take({ type: "starting", target: 0 });
    for (const outcome of outcomes) ledger.take({ type: "case-end", target: 0, outcome });
    ledger.take({ type: "target-end", target: 0 });
    const { ok, targets: [target] } = ledger.report({ interrupted: false });
    return [ok, target!.status, target!.reason];
  }

  test("where the core of its suite was skipped, whatever else has passed", () => {
    expect(reportOf(["b"], passed("a"), skipped("b"))).toEqual([false, "failed", "nothing shows that it keeps its contract: \"b\" was skipped (no b)"]);
    expect(reportOf([], skipped("a"), skipped("b"))).toEqual([false, "failed", "nothing shows that it keeps its contract: \"a\" and \"b\" were skipped (no a; no b)"]);
    expect(reportOf(["c"], passed("a"), passed("b"))).toEqual([false, "failed", "nothing shows that it keeps its contract: its suite has no case that would"]);
  });

  test("not where one of the core has passed, nor where only some cases were asked for", () => {
    for (const core of [["a", "b"], []]) expect(reportOf(core, skipped("a"), passed("b"))).toEqual([true, "passed", undefined]);
    expect(reportOf(undefined, passed("a"), skipped("b"))).toEqual([true, "passed", undefined]);
  });
});

test("of a format nobody has heard what its codec reaches for: that is skipped, and not said to have passed", () => {
  const { ledger } = ledgerOf(planned("acme.rows/1", { contract: "format@1" }));
  ledger.take({ type: "starting", target: 0 });
  for (const id of ["a", "b"]) ledger.take({ type: "case-end", target: 0, outcome: passed(id) });
  ledger.take({ type: "target-end", target: 0 });
  const report = ledger.report({ interrupted: false });
  expect(report.ok).toBe(true);
  expect(report.targets[0]!.cases.filter(({ id }) => id.startsWith("permissions.")).map(({ status, reason }) => [status, reason])).toEqual(Array.from({ length: 4 }, () => ["skipped", "what a codec reaches for is not watched"]));
});
