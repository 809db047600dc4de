import { MlstackError } from "@mlstack/core/errors";
import type { DataOf } from "../json/documents.ts";
import { errorDocument } from "../ui/error-document.ts";
import { printError } from "../ui/errors.ts";
import { count } from "../ui/format.ts";
import { interruptible } from "../ui/interrupt.ts";
import { stderr, stdout, writeJson, type GlobalFlags } from "../ui/output.ts";
import { kitOf, pluginFolder } from "./plugin-kit.ts";
import { kitProgress, printSummary, printTarget, type KitEvent } from "./plugin-test-lines.ts";

export interface PluginTestFlags extends GlobalFlags {
  readonly type?: string;
  readonly flavor?: string;
  readonly case?: readonly string[];
  readonly watch: boolean;
  readonly seed?: number;
}

/** What is used of `@mlstack/testkit/conformance/run`, of the version that the plugin has. */
interface Kit {
  runKit(options: {
    readonly folder: string; readonly contract?: string | undefined; readonly flavor?: string | undefined; readonly cases?: readonly string[] | undefined; readonly watch: boolean; readonly seed?: number | undefined;
    readonly signal: AbortSignal; onEvent(event: KitEvent): void;
  }): Promise<DataOf<"plugin-test">>;
}

/** `mlstack plugin test [FOLDER]`: runs the package's conformance.ts, and says what does not hold. */
export async function pluginTest(given: string | undefined, flags: PluginTestFlags): Promise<void> {
  const dir = pluginFolder(given, flags);
  const { runKit } = await kitOf<Kit>(dir, "conformance/run");
  const [out, err] = [stdout(flags), stderr(flags)];
  const progress = kitProgress(err, flags);
  const interrupt = interruptible((line) => progress.say(line));
  let report: DataOf<"plugin-test">;
  try {
    report = await runKit({
      folder: dir, contract: flags.type, flavor: flags.flavor, cases: flags.case?.length === 0 ? undefined : flags.case, watch: flags.watch, seed: flags.seed, signal: interrupt.signal,
      onEvent(event) {
        progress.take(event);
        if (event.type === "target-end" && flags.json !== true) progress.above(() => { printTarget(event.target, out, { verbose: flags.verbose === true }); });
      },
    });
  } finally {
    progress.end();
    interrupt.release();
  }
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

function failureOf(report: DataOf<"plugin-test">, flags: PluginTestFlags): MlstackError | undefined {
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

function warningsOf(report: DataOf<"plugin-test">): string[] {
  const nothing = !report.interrupted && report.targets.length > 0 && report.targets.every(({ status }) => status === "skipped");
  if (report.targets.length === 0) return ["the plugin has no components and no formats: there is nothing to test"];
  return nothing ? ["nothing was tested: every target was skipped"] : [];
}
