import type { z } from "zod";
import type { DataOf } from "../json/documents.ts";
import type { caseReport, reportedError, targetReport } from "../json/kit-report.ts";
import { duration } from "../ui/format.ts";
import { liveRegion } from "../ui/live-region.ts";
import type { GlobalFlags } from "../ui/output.ts";
import { clip, printable, type Terminal } from "../ui/terminal.ts";

type TargetReport = z.input<typeof targetReport>;
type CaseReport = z.input<typeof caseReport>;
type ReportedError = z.input<typeof reportedError>;

/** What the kit says while it runs; of a newer kit there may be more. */
export type KitEvent =
  | { readonly type: "plan"; readonly package: string; readonly version: string; readonly seed: number; readonly targets: number; readonly cases: number }
  | { readonly type: "target"; readonly contract: string; readonly flavor: string; readonly cases: number }
  | { readonly type: "case"; readonly id: string; readonly title: string }
  | { readonly type: "case-end"; readonly outcome: CaseReport }
  | { readonly type: "target-end"; readonly target: TargetReport }
  | { readonly type: "output"; readonly text: string };

/** What is seen while the kit runs, on stderr: at a terminal one line that says where it is, and what the plugin prints. */
export interface KitProgress {
  take(event: KitEvent): void;
  say(line: string): void;
  /** Prints something that stays. */
  above(print: () => void): void;
  end(): void;
}

export function kitProgress(t: Terminal, { quiet, json }: Pick<GlobalFlags, "quiet" | "json">): KitProgress {
  const live = t.isTTY && quiet !== true && json !== true ? liveRegion(t.stream) : undefined;
  let target = "";
  let [done, all] = [0, 0];
  let rest = "";
  const draw = (text: string) => live?.draw([clip(t.style(text, "dim"), t.columns - 1)]);
  const above = (print: () => void) => { live?.end(); print(); };
  const printed = (text: string) => {
    const lines = `${rest}${text}`.split("\n");
    rest = lines.pop()!;
    if (quiet !== true && lines.length > 0) above(() => { for (const line of lines) t.line(t.style(`  | ${printable(line)}`, "dim")); });
  };
  return {
    take(event) {
      switch (event.type) {
        case "target": [target, done, all] = [`${event.contract} ${event.flavor}`, 0, event.cases]; draw(`${target}  starting`); return;
        case "case": draw(`${target}  ${done + 1}/${all}  ${event.id}`); return;
        case "case-end": done++; return;
        case "output": printed(event.text); return;
        default: return;
      }
    },
    say: (line) => above(() => { t.line(line); }),
    above,
    end: () => { if (rest !== "") printed("\n"); live?.end(); },
  };
}

/** One target: what did not hold, what was not looked at and why, and how many did hold. */
export function printTarget(target: TargetReport, t: Terminal, { verbose }: { readonly verbose: boolean }): void {
  const { contract, flavor, status, reason, error, cases, notes } = target;
  if (t.plain) { printPlain(target, t); return; }
  const shown = cases.filter((one) => verbose || one.status !== "passed");
  t.line(`${t.style(`${contract} ${flavor}`, "bold")}  ${[status === "failed" ? t.style("failed", "red") : status === "skipped" ? t.style("skipped", "yellow") : t.style("passed", "green"), countsOf(cases)].filter((text) => text !== "").join("  ")}`);
  if (reason !== undefined) t.line(`  ${printable(reason)}`);
  if (error !== undefined) printReported(error, t, { verbose });
  for (const one of shown) {
    t.line(`  ${mark(one, t)}  ${one.id}  ${one.status === "skipped" ? t.style(printable(one.reason ?? ""), "dim") : one.title}${verbose && one.status === "passed" ? t.style(`  ${duration(one.ms)}`, "dim") : ""}`);
    if (one.status !== "failed") continue;
    t.line(`      clause  ${printable(one.clause)}`);
    if (one.error !== undefined) printReported(one.error, t, { verbose });
  }
  for (const note of notes) t.line(t.style(`  note     ${note}`, "dim"));
}

function mark({ status }: CaseReport, t: Terminal): string {
  return status === "failed" ? t.style("failed ", "red") : status === "skipped" ? t.style("skipped", "yellow") : t.style("passed ", "green");
}

/** A record per line: contract, flavor, status, case, reason or message. */
function printPlain({ contract, flavor, status, reason, error, cases }: TargetReport, t: Terminal): void {
  const record = (of: string, id: string, text: string) => t.line([contract, flavor, of, id, printable(text.replaceAll("\n", " "))].join("\t"));
  if (reason !== undefined) record(status, "", error === undefined ? reason : `${reason}: ${error.message}`);
  for (const one of cases) record(one.status, one.id, one.reason ?? one.error?.message ?? "");
}

function printReported(error: ReportedError, t: Terminal, { verbose }: { readonly verbose: boolean }): void {
  const [first = "", ...more] = error.message.split("\n").map(printable).filter((one, n) => n === 0 || one.trim() !== "");
  const line = (what: string, text: string) => t.line(`      ${what.padEnd(7)} ${text}`);
  line("found", `${error.code === undefined ? "" : `${error.code} `}${first}`);
  // node:assert puts a comparison below its message
  for (const one of verbose ? more : more.slice(0, 12)) line("", one);
  if (error.at !== undefined) line("at", t.style(error.at, "cyan"));
  if (error.why !== undefined) line("why", printable(error.why));
  if (error.fix !== undefined) line("fix", printable(error.fix));
  if (verbose) for (let cause = error.cause; cause !== undefined; cause = cause.cause) line("from", `${cause.code ?? cause.name}: ${printable(cause.message)}`);
}

export function printSummary(report: DataOf<"plugin-test">, t: Terminal): void {
  if (t.plain) { t.line(["seed", String(report.seed)].join("\t")); return; }
  if (report.targets.length > 0) t.line();
  t.line(`${report.package}@${report.version}: ${countsOf(report.targets.flatMap(({ cases }) => cases)) || "no case was run"} in ${duration(report.ms)}${report.interrupted ? ", interrupted" : ""}; seed ${report.seed}${report.watched ? "" : "; not watched"}`);
}

function countsOf(cases: readonly CaseReport[]): string {
  const of = (status: CaseReport["status"]) => cases.filter((one) => one.status === status).length;
  return (["passed", "failed", "skipped"] as const).filter((status) => of(status) > 0).map((status) => `${of(status)} ${status}`).join(", ");
}

