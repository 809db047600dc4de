import { isDeepStrictEqual } from "node:util";
import { MlstackError, type CallOptions, type Compiler, type NativeNodeState, type NativeStatus } from "@mlstack/core";
import { patiently, vendorError, type Answer, type Sent, type Transport } from "../testing/tape.ts";
import { AIRFLOW_LIMITS, compileDag, planId } from "./airflow-dag.ts";

interface DagRun { readonly state: "queued" | "running" | "success" | "failed"; readonly conf?: object; readonly note?: string | null }
interface TaskInstance { readonly task_id: string; readonly map_index: number; readonly try_number: number; readonly state: string | null }

/** Airflow knows no cancelled run; the note is where ours are told from failed ones. */
const CANCELLED = "mlstack: cancelled: ";

const NODE_STATES: Readonly<Record<string, NativeNodeState>> = {
  success: "completed", failed: "failed", upstream_failed: "skipped", skipped: "skipped", removed: "skipped", running: "running", restarting: "running",
  deferred: "running", awaiting_input: "running", queued: "queued", scheduled: "queued", up_for_retry: "retrying", up_for_reschedule: "queued",
};

/** Airflow 3 on paper: the DAG goes to a folder that the DAG processor reads, everything else through the REST API. */
export function airflowCompiler(send: Transport, options: { readonly dagFolder: string; /** How often `publish` looks. */ readonly looks: number; pause(): Promise<void> }): Compiler {
  const at = (name: string) => `/api/v2/dags/${name}`;
  const parse = (id: string) => { const [dag, ...run] = id.split("/"); return `${at(dag!)}/dagRuns/${encodeURIComponent(run.join("/"))}`; };

  async function ask(sent: Sent, call: CallOptions = {}): Promise<Answer> {
    const stoppable: Transport = (one) => { call.signal?.throwIfAborted(); return send(one); };
    let { answer } = await patiently(stoppable, sent);
    if (answer.status === 401) {
      // Tokens last a day at most, runs may take longer.
      await patiently(stoppable, { method: "POST", url: "/auth/token" });
      ({ answer } = await patiently(stoppable, sent));
    }
    return answer;
  }
  const expect = (answer: Answer, what: string, ...good: number[]): Answer => {
    if (good.includes(answer.status)) return answer;
    throw vendorError(`${what}: ${(answer.body as { detail?: string } | undefined)?.detail ?? ""}`, answer);
  };
  const pause = async (name: string, is_paused: boolean, call?: CallOptions) => expect(await ask({ method: "PATCH", url: `${at(name)}?update_mask=is_paused`, body: { is_paused } }, call), name, 200, ...(is_paused ? [404] : []));
  const runOf = async (id: string, call?: CallOptions): Promise<DagRun | undefined> => {
    const answer = expect(await ask({ method: "GET", url: parse(id) }, call), id, 200, 404);
    return answer.status === 404 ? undefined : answer.body as DagRun;
  };

  return {
    limits: AIRFLOW_LIMITS,
    compile: compileDag,

    async publish(document, call) {
      const { name, digest } = document;
      const file = `${options.dagFolder}/${name}.py`;
      expect(await ask({ method: "PUT", url: file, body: document.text }, call), file, 200, 201);
      for (let look = 0; look < options.looks; look++) {
        const { status, body } = expect(await ask({ method: "GET", url: at(name) }, call), name, 200, 404);
        const dag = body as { is_paused: boolean; has_import_errors: boolean; is_stale: boolean };
        if (status === 200 && !dag.has_import_errors && !dag.is_stale) {
          // A run of a paused DAG stays queued for ever. One with a schedule is left paused until `schedule` is called.
          if (dag.is_paused && !document.text.includes("CronTriggerTimetable(")) await pause(name, false, call);
          return { name, digest };
        }
        const errors = expect(await ask({ method: "GET", url: `/api/v2/importErrors?filename_pattern=${encodeURIComponent(`%${name}.py`)}` }, call), file, 200).body as { import_errors: { stack_trace: string }[] };
        const [first] = errors.import_errors;
        if (first !== undefined) throw new MlstackError("MLS6003", `Airflow cannot read ${name}`, { details: { reason: "failed", log: first.stack_trace } });
        await options.pause();
      }
      throw new MlstackError("MLS6003", `Airflow has not taken ${name} yet`, { details: { reason: "timeout" }, fix: "check that the DAG processor reads this folder" });
    },

    async submit(plan, { runId, inputs = {} }, call) {
      const id = `${plan.name}/${runId}`;
      const body = { dag_run_id: runId, logical_date: null, conf: inputs };
      const answer = expect(await ask({ method: "POST", url: `${at(plan.name)}/dagRuns`, body }, call), id, 200, 409);
      if (answer.status === 409 && !isDeepStrictEqual((await runOf(id, call))?.conf ?? {}, inputs)) throw new MlstackError("MLS6003", `a run ${runId} exists with other inputs`, { details: { reason: "conflict" } });
      return id;
    },

    async status(id, call) {
      const run = await runOf(id, call);
      if (run === undefined) return undefined;
      const nodes: TaskInstance[] = [];
      for (let total = 1; nodes.length < total;) {
        const page = expect(await ask({ method: "GET", url: `${parse(id)}/taskInstances?limit=100&offset=${nodes.length}` }, call), id, 200).body as { task_instances: TaskInstance[]; total_entries: number };
        if (page.task_instances.length === 0) break;
        nodes.push(...page.task_instances);
        total = page.total_entries;
      }
      const cancelled = run.state === "failed" && run.note?.startsWith(CANCELLED) === true;
      const state: NativeStatus["state"] = cancelled ? "cancelled" : run.state === "success" ? "completed" : run.state;
      return {
        state,
        nodes: nodes.map((t) => ({
          id: planId(t.task_id), attempt: Math.max(1, t.try_number), ...(t.map_index >= 0 && { item: t.map_index }),
          state: cancelled && t.state === "failed" ? "cancelled" : NODE_STATES[t.state ?? ""] ?? "waiting",
        })),
      };
    },

    async cancel(id, reason, call) {
      const run = await runOf(id, call);
      if (run === undefined || run.state === "success" || run.state === "failed") return;
      // Airflow has no condition for this: a run that ends between the two requests is marked as failed. The journal has the truth.
      expect(await ask({ method: "PATCH", url: parse(id), body: { state: "failed", note: `${CANCELLED}${reason}`.slice(0, 1000) } }, call), id, 200, 404);
    },

    async schedule(pipeline, plan, call) {
      // Pausing first: two of them at once would start runs twice.
      const others = expect(await ask({ method: "GET", url: `/api/v2/dags?tags=${encodeURIComponent(`mlstack:${pipeline}`)}&tags=mlstack%3Ascheduled&tags_match_mode=all&paused=false` }, call), pipeline, 200).body as { dags: { dag_id: string }[] };
      for (const dag of others.dags) if (dag.dag_id !== plan?.name) await pause(dag.dag_id, true, call);
      if (plan !== undefined) await pause(plan.name, false, call);
    },

    async withdraw(plan, call) {
      // The API refuses (409) while tasks run, so it is asked first; the file of what it forgot would be parsed again, so it goes next.
      expect(await ask({ method: "DELETE", url: at(plan.name) }, call), plan.name, 204, 404);
      expect(await ask({ method: "DELETE", url: `${options.dagFolder}/${plan.name}.py` }, call), plan.name, 200, 204, 404);
    },
  };
}
