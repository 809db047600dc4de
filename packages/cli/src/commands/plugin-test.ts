import { MlstackError } from "@mlstack/core/errors";
import type { DataOf } from "../json/documents.ts";
import { errorDocument } from "../ui/error-document.ts";
import { printError } from "../ui/errors.ts";
import { count } from "../ui/format.ts";
import { interruptible } from "../ui/interrupt.ts";
import { stderr, stdout, writeJson, type GlobalFlags } from "../ui/output.ts";
import type { Terminal } from "../ui/terminal.ts";
import { kitOf, pluginFolder } from "./plugin-kit.ts";
import { kitProgress, printSummary, printTarget, type KitEvent } from "./plugin-test-lines.ts";

export interface PluginTestFlags extends GlobalFlags {
  readonly type?: string;
  readonly flavor?: string;
  readonly case?: readonly string[];
  readonly watch: boolean;
  readonly seed?: number;
}

export type KitReport = DataOf<"plugin-test">;

/** What is used of `@mlstack/testkit/conformance/run`, of the version that the plugin has. */
interface Kit {
  runKit(options: {
    readonly folder: string; readonly contract?: string | undefined; readonly flavor?: string | undefined; readonly cases?: readonly string[] | undefined; readonly watch: boolean; readonly seed?: number | undefined;
    readonly signal: AbortSignal; onEvent(event: KitEvent): void;
  }): Promise<KitReport>;
}

/** `mlstack plugin test [FOLDER]`: runs the package's conformance.ts, and says what does not hold. */
export async function pluginTest(given: string | undefined, flags: PluginTestFlags): Promise<void> {
  const dir = pluginFolder(given, flags);
  const [out, err] = [stdout(flags), stderr(flags)];
  const interrupt = interruptible((line) => { say(line); });
  let say = (line: string): void => { err.line(line); };
  let report: KitReport;
  try { report = await runKitOf(dir, flags, { signal: interrupt.signal, out, err, says: (line) => { say = line; } }); } finally { interrupt.release(); }
  const failure = report.interrupted ? undefined : failureOf(report, flags);
  if (flags.json === true) writeJson("plugin-test", report, warningsOf(report), failure === undefined ? undefined : errorDocument(failure));
  else {
    printSummary(report, out);
    for (const warning of warningsOf(report)) err.line(`${err.style("warning", "yellow")} ${warning}`);
    if (failure !== undefined) printError(failure, err, flags);
  }
  if (report.interrupted) process.exitCode = interrupt.exitCode;
  else if (failure !== undefined) process.exitCode = failure.exitCode;
}

/** Where a run of the kit is seen, and what ends it. */
export interface KitScreen {
  readonly signal: AbortSignal;
  /** For each target as it ends. */
  readonly out: Terminal;
  /** For what happens meanwhile. */
  readonly err: Terminal;
  /** Given what prints a line while the run's own line is drawn. */
  says?(say: (line: string) => void): void;
}

/** Runs a plugin's kit, of the version that the plugin has. @throws MLS8705 where it has none; what `runKit` throws */
export async function runKitOf(dir: string, flags: PluginTestFlags, { signal, out, err, says }: KitScreen): Promise<KitReport> {
  const { runKit } = await kitOf<Kit>(dir, "conformance/run");
  const progress = kitProgress(err, flags);
  says?.((line) => { progress.say(line); });
  try {
    return await runKit({
      folder: dir, contract: flags.type, flavor: flags.flavor, cases: flags.case?.length === 0 ? undefined : flags.case, watch: flags.watch, seed: flags.seed, signal,
      onEvent(event) {
        progress.take(event);
        if (event.type === "target-end" && flags.json !== true) progress.above(() => { printTarget(event.target, out, { verbose: flags.verbose === true }); });
      },
    });
  } finally { progress.end(); }
}

function failureOf(report: KitReport, flags: PluginTestFlags): MlstackError | undefined {
  if (report.ok) return undefined;
  const failed = report.targets.flatMap(({ cases }) => cases.filter(({ status }) => status === "failed"));
  const whole = report.targets.filter(({ status, reason, cases }) => status === "failed" && reason !== undefined && !cases.some((one) => one.status === "failed"));
  const [first] = failed.filter(({ id }) => !id.startsWith("permissions."));
  return new MlstackError("MLS8704", `${report.package}@${report.version}: ${[failed.length > 0 ? `${count(failed.length, "case")} failed` : "", whole.length > 0 ? `${count(whole.length, "component")} could not be tested` : ""].filter((text) => text !== "").join(", ")}`, {
    why: "a component keeps its contract when every case passes that applies to it, and the plugin reaches for nothing that its manifest does not declare",
    fix: first !== undefined && flags.case === undefined ? `one alone: mlstack plugin test --case ${first.id} --seed ${report.seed}` : "mend what is shown",
    details: { failed: report.failed, passed: report.passed, skipped: report.skipped },
  });
}

function warningsOf(report: KitReport): string[] {
  const nothing = !report.interrupted && report.targets.length > 0 && report.targets.every(({ status }) => status === "skipped");
  if (report.targets.length === 0) return ["the plugin has no components and no formats: there is nothing to test"];
  return nothing ? ["nothing was tested: every target was skipped"] : [];
}
