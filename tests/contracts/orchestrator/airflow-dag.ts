import { createHash } from "node:crypto";
import { MlstackError, type CompileLimits, type CompileNode, type CompilePlan, type NativeDocument } from "@mlstack/core";

/** What Airflow can do with its defaults: `max_map_length` 1024; conditions by exit code, so that nothing goes through XCom. */
export const AIRFLOW_LIMITS: CompileLimits = { mapWidth: 1024, dynamicMap: false, conditions: "exit-code", wait: false };

/** A run that a schedule starts is called `scheduled__2026-11-23T06:00:00+00:00` by Airflow, which is no part of an object key. */
const ENV = { MLSTACK_RUN: "{{ run_id | replace(':', '.') | replace('+', '_') }}", MLSTACK_ATTEMPT: "{{ ti.try_number }}" };

/** A name in the alphabet of DAG and task ids; two different names never become the same. */
export const nativeId = (id: string): string => id.replace(/[^A-Za-z0-9_-]/gu, (c) => `.${c.codePointAt(0)!.toString(16).padStart(6, "0")}`);

/** The way back from `nativeId`. */
export const planId = (id: string): string => id.replace(/\.([0-9a-f]{6})/g, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)));

/** A Python string literal. JSON's `\ud83d\ude00` would be two broken characters in Python, hence the long form. */
const literal = (s: string): string => JSON.stringify(s).replace(/[^ -~]/gu, (c) => `\\U${c.codePointAt(0)!.toString(16).padStart(8, "0")}`);

const shellWord = (s: string): string => `'${s.replaceAll("'", `'\\''`)}'`;

/** Text that Jinja must leave alone. (`{% raw %}` would end where the text says `{% endraw %}`.) */
const plain = (s: string): string => s.replace(/\{(?=[{%#])/g, "{{ '{' }}");

/** A word of a command; what Airflow fills in comes by the environment, where it needs no quotes of its own. */
const word = (w: string): string => w.split(/(\{run\}|\{attempt\})/).filter((part) => part !== "")
  .map((part) => (part === "{run}" ? '"$MLSTACK_RUN"' : part === "{attempt}" ? '"$MLSTACK_ATTEMPT"' : plain(shellWord(part)))).join("");

/** The space at the end keeps Airflow from taking a command that ends with `.sh` for the name of a template. */
const command = (node: CompileNode, item = ""): string => `${["mlstack", ...node.command].map((w) => word(w.replaceAll("{item}", item))).join(" ")} `;

function task(node: CompileNode): string {
  const args = [
    `task_id=${literal(nativeId(node.id))}`, "env=ENV", "append_env=True",
    `retries=${node.retries.count}`, `retry_delay=timedelta(milliseconds=${node.retries.delayMs})`,
    ...(node.timeoutMs === null ? [] : [`execution_timeout=timedelta(milliseconds=${node.timeoutMs})`]),
    ...(node.skipExitCode === undefined ? ["skip_on_exit_code=None"] : [`skip_on_exit_code=${node.skipExitCode}`]),
    `trigger_rule=${literal(node.join === true ? "none_failed_min_one_success" : "all_success")}`,
  ];
  if (node.map === undefined) return `BashOperator(bash_command=${literal(command(node))}, ${args.join(", ")})`;
  return `BashOperator.partial(${args.join(", ")}).expand(bash_command=[${node.map.items.map((i) => literal(command(node, i))).join(", ")}])`;
}

/** A plan as a DAG file. It imports nothing of mlstack, so the scheduler needs nothing of it. */
export function compileDag(plan: CompilePlan): NativeDocument {
  const wide = plan.nodes.find((n) => (n.map?.items.length ?? 0) > AIRFLOW_LIMITS.mapWidth);
  if (wide !== undefined) throw new MlstackError("MLS4012", `${wide.id} maps ${wide.map!.items.length} items; this flavor maps up to ${AIRFLOW_LIMITS.mapWidth} natively`);
  const index = new Map(plan.nodes.map((n, i) => [n.id, i]));
  const { schedule } = plan;
  const timetable = schedule === undefined ? "None" : "cron" in schedule ? `CronTriggerTimetable(${literal(schedule.cron)}, timezone=${literal(schedule.timeZone ?? "UTC")})` : `DeltaTriggerTimetable(timedelta(milliseconds=${schedule.everyMs}))`;
  const lines = [
    "from datetime import datetime, timedelta",
    `from airflow.sdk import DAG, ${schedule !== undefined && !("cron" in schedule) ? "Delta" : "Cron"}TriggerTimetable`,
    "from airflow.providers.standard.operators.bash import BashOperator",
    `ENV = {${Object.entries(ENV).map(([k, v]) => `${literal(k)}: ${literal(v)}`).join(", ")}}`,
    "",
    // Paused until it is published whole; a name of its own, for runs of the document before may still go on.
    `with DAG(dag_id=DAG_ID, schedule=${timetable}, start_date=datetime(2020, 1, 1), catchup=${schedule?.catchUp === true ? "True" : "False"}, is_paused_upon_creation=True, render_template_as_native_obj=False, tags=[${[`mlstack:${plan.pipeline}`, ...(schedule === undefined ? [] : ["mlstack:scheduled"])].map(literal).join(", ")}]) as dag:`,
    ...plan.nodes.map((n, i) => `    t${i} = ${task(n)}`),
    ...plan.nodes.flatMap((n, i) => (n.after.length === 0 ? [] : [`    [${n.after.map((a) => `t${index.get(a)!}`).join(", ")}] >> t${i}`])),
  ];
  const digest = createHash("sha256").update(lines.join("\n")).update(plan.digest).digest("hex");
  const name = `${nativeId(plan.pipeline)}-${digest.slice(0, 12)}`;
  return {
    name, digest, mediaType: "text/x-python", text: `${lines.join("\n").replace("dag_id=DAG_ID", `dag_id=${literal(name)}`)}\n`,
    warnings: [
      ...(schedule?.catchUp === true ? ["Airflow makes up for passed times one run after the other, each with the parameters of this plan"] : []),
      ...(plan.nodes.some((n) => n.retries.count > 0) ? ["a task that a person clears in Airflow counts as another attempt"] : []),
    ],
  };
}
