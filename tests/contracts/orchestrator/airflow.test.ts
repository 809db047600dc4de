import { isObjectKey, type CompileNode, type CompilePlan } from "@mlstack/core";
import { describe, expect, it } from "vitest";
import { tape, type Answer, type Exchange } from "../testing/tape.ts";
import { compileDag, nativeId, planId } from "./airflow-dag.ts";
import { airflowCompiler } from "./airflow.ts";

const node = (id: string, more: Partial<CompileNode> = {}): CompileNode => ({ id, after: [], command: ["step", "run-node", id, "--run={run}", "--attempt", "{attempt}"], retries: { count: 1, delayMs: 500 }, timeoutMs: null, ...more });
const plan: CompilePlan = { pipeline: "flight-delays", digest: "ab".repeat(32), nodes: [node("load"), node("good?", { after: ["load"], skipExitCode: 99 }), node("deploy", { after: ["good?"] }), node("report", { after: ["load", "deploy"], join: true })] };
const document = compileDag(plan);
const dag = `/api/v2/dags/${document.name}`;
const run = `${dag}/dagRuns/r1`;
const published = { name: document.name, digest: document.digest };
const ok = (body?: unknown): Answer => ({ status: 200, body });
const fine = { is_paused: true, has_import_errors: false, is_stale: false };
const put: Exchange = [{ method: "PUT", url: `dags/${document.name}.py`, body: document.text }, ok()];
const seen = (answer: Answer): Exchange => [{ method: "GET", url: dag }, answer];
const importErrors = (...import_errors: object[]): Exchange => [{ method: "GET", url: `/api/v2/importErrors?filename_pattern=${encodeURIComponent(`%${document.name}.py`)}` }, ok({ import_errors })];
const trigger = (answer: Answer | "lost"): Exchange => [{ method: "POST", url: `${dag}/dagRuns`, body: { dag_run_id: "r1", logical_date: null, conf: { day: "2026-11-23" } } }, answer];
const found = (body: object): Exchange => [{ method: "GET", url: run }, ok(body)];

function airflow(...recording: Exchange[]) {
  const recorded = tape(...recording);
  return { ...recorded, ...airflowCompiler(recorded.send, { dagFolder: "dags", looks: 2, pause: async () => {} }) };
}

describe("orchestrator@1 compile on Airflow", () => {
  it("makes the same document of the same plan, and another name of another", () => {
    expect(compileDag(plan)).toEqual(document);
    expect(compileDag({ ...plan, schedule: { cron: "0 6 * * *" } }).name).not.toBe(document.name);
    expect(compileDag({ ...plan, schedule: { everyMs: 3_600_000 } }).text).toContain("schedule=DeltaTriggerTimetable(timedelta(milliseconds=3600000))");
    expect(document.text).toContain("[t0, t2] >> t3");
    expect(document.text).toMatch(/task_id="good\.00003f".*skip_on_exit_code=99/);
    expect(document.text).toMatch(/task_id="report".*"none_failed_min_one_success"/);
  });

  it("leaves nothing to Jinja, the shell and Python's literals but what it means", () => {
    const { text } = compileDag({ ...plan, nodes: [node("x", { command: ["say", "{{ conn.aws.password }}", "it's", "$HOME", "😀", "run.sh"] })] });
    expect(text).toContain(String.raw`"'mlstack' 'say' '{{ '{' }}{ conn.aws.password }}' 'it'\\''s' '$HOME' '\U0001f600' 'run.sh' "`);
    expect(document.text).toContain(String.raw`'--run='\"$MLSTACK_RUN\"`);
  });

  it("has names that come back, and run ids that are parts of object keys", () => {
    for (const id of ["train@3", "a.b", "größe", "a--b"]) expect(planId(nativeId(id))).toBe(id);
    expect(isObjectKey("journal/scheduled__2026-11-23T06:00:00+00:00/load")).toBe(false);
    expect(isObjectKey("journal/scheduled__2026-11-23T06.00.00_00.00/load")).toBe(true);
    expect(document.text).toContain("replace(':', '.')");
  });

  it("maps natively up to its width", () => {
    const mapped = (items: number) => compileDag({ ...plan, nodes: [node("m", { command: ["{item}"], map: { items: Array.from({ length: items }, (_, i) => `i${i}`) } })] });
    expect(mapped(2).text).toContain(`.expand(bash_command=["'mlstack' 'i0' ", "'mlstack' 'i1' "])`);
    expect(() => mapped(1025)).toThrow(expect.objectContaining({ code: "MLS4012", message: expect.stringContaining("maps up to 1024") as string }) as Error);
  });

  it("publishes: waits until the DAG is parsed, and unpauses it", async () => {
    const a = airflow(put, seen({ status: 404 }), importErrors(), seen(ok(fine)), [{ method: "PATCH", url: `${dag}?update_mask=is_paused`, body: { is_paused: false } }, ok()]);
    expect(await a.publish(document)).toEqual(published);
    a.done();
  });

  it("publishes: says what Airflow says of a document that it can't read, or that it has not looked", async () => {
    await expect(airflow(put, seen({ status: 404 }), importErrors({ stack_trace: "SyntaxError" })).publish(document)).rejects.toMatchObject({ code: "MLS6003", details: { reason: "failed", log: "SyntaxError" } });
    await expect(airflow(put, seen({ status: 404 }), importErrors(), seen({ status: 404 }), importErrors()).publish(document)).rejects.toMatchObject({ details: { reason: "timeout" } });
  });

  it("submits once, also after a lost answer, and refuses another run of that id", async () => {
    const submit = (...recording: Exchange[]) => airflow(...recording).submit(published, { runId: "r1", inputs: { day: "2026-11-23" } });
    expect(await submit(trigger("lost"), trigger({ status: 409 }), found({ state: "queued", conf: { day: "2026-11-23" } }))).toBe(`${document.name}/r1`);
    await expect(submit(trigger({ status: 409 }), found({ state: "queued", conf: { day: "2026-11-22" } }))).rejects.toMatchObject({ details: { reason: "conflict" } });
    await expect(submit(trigger({ status: 400, body: { detail: "has import errors" } }))).rejects.toMatchObject({ code: "MLS6003" });
    await expect(submit(trigger({ status: 401 }), [{ method: "POST", url: "/auth/token" }, ok()], trigger({ status: 403 }))).rejects.toMatchObject({ code: "MLS6002" });
  });

  it("tells how a run goes, page by page, a cancelled one from a failed one", async () => {
    const tasks = (offset: number, total_entries: number, ...task_instances: object[]): Exchange => [{ method: "GET", url: `${run}/taskInstances?limit=100&offset=${offset}` }, ok({ task_instances, total_entries })];
    const t = (task_id: string, state: string | null, map_index = -1) => ({ task_id, state, map_index, try_number: 1 });
    const running = airflow(found({ state: "running" }), tasks(0, 3, t("load", "success"), t("m.00003f", "up_for_retry", 4)), tasks(2, 3, t("deploy", null)));
    expect(await running.status(`${document.name}/r1`)).toEqual({ state: "running", nodes: [{ id: "load", attempt: 1, state: "completed" }, { id: "m?", item: 4, attempt: 1, state: "retrying" }, { id: "deploy", attempt: 1, state: "waiting" }] });
    expect(await airflow(found({ state: "failed", note: "mlstack: cancelled: enough" }), tasks(0, 1, t("load", "failed"))).status(`${document.name}/r1`)).toMatchObject({ state: "cancelled", nodes: [{ state: "cancelled" }] });
    expect(await airflow([{ method: "GET", url: run }, { status: 404 }]).status(`${document.name}/r1`)).toBeUndefined();
  });

  it("cancels what goes on, and leaves alone what has ended", async () => {
    const a = airflow(found({ state: "running" }), [{ method: "PATCH", url: run, body: { state: "failed", note: "mlstack: cancelled: enough" } }, ok()], found({ state: "success" }));
    await a.cancel(`${document.name}/r1`, "enough");
    await a.cancel(`${document.name}/r1`, "enough");
    a.done();
  });

  it("asks nothing more once its signal is aborted", async () => {
    const stopped = { signal: AbortSignal.abort(new Error("enough")) };
    const a = airflow();
    for (const call of [a.publish(document, stopped), a.submit(published, { runId: "r1" }, stopped), a.status("d/r1", stopped), a.cancel("d/r1", "why", stopped), a.withdraw(published, stopped)]) await expect(call).rejects.toThrow("enough");
  });

  it("has one schedule for a pipeline", async () => {
    const patch = (name: string, is_paused: boolean): Exchange => [{ method: "PATCH", url: `/api/v2/dags/${name}?update_mask=is_paused`, body: { is_paused } }, ok()];
    const a = airflow([{ method: "GET", url: "/api/v2/dags?tags=mlstack%3Aflight-delays&tags=mlstack%3Ascheduled&tags_match_mode=all&paused=false" }, ok({ dags: [{ dag_id: "old" }, { dag_id: document.name }] })], patch("old", true), patch(document.name, false));
    await a.schedule!("flight-delays", published);
    a.done();
  });

  it("withdraws only what no run needs", async () => {
    const remove = (answer: Answer): Exchange[] => [[{ method: "DELETE", url: dag }, answer]];
    const file: Exchange = [{ method: "DELETE", url: `dags/${document.name}.py` }, { status: 204 }];
    await airflow(...remove({ status: 204 }), file).withdraw(published);
    await expect(airflow(...remove({ status: 409 })).withdraw(published)).rejects.toMatchObject({ code: "MLS6003" });
  });
});
