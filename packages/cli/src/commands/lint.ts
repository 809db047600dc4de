import { existsSync, statSync } from "node:fs";
import { relative, resolve } from "node:path";
import { MlstackError } from "@mlstack/core";
import { findProject } from "@mlstack/engine";
import { lint, type LintFinding } from "@mlstack/pipeline/compile";
import { errorDocument } from "../ui/error-document.ts";
import { printError } from "../ui/errors.ts";
import { count } from "../ui/format.ts";
import { stderr, stdout, writeJson, type GlobalFlags } from "../ui/output.ts";
import type { Terminal } from "../ui/terminal.ts";
import { folderOf } from "./active-stack.ts";

interface LintFlags extends GlobalFlags { readonly maxWarnings?: number }

/** `mlstack lint [FILE]`: looks at steps without running anything. */
export async function lintFile(given: string | undefined, flags: LintFlags): Promise<void> {
  const cwd = folderOf(flags);
  const report = lint({ projectDir: findProject(cwd).dir, file: given === undefined ? undefined : fileOf(given, cwd) });
  const errors = report.findings.filter((f) => f.severity === "error").length;
  const warnings = report.findings.length - errors;
  const failure = failureOf(errors, warnings, flags.maxWarnings);
  if (flags.json === true) {
    writeJson("lint", { modules: report.modules, steps: report.steps, errors, warnings, findings: report.findings.map((f) => ({ ...f, steps: [...f.steps] })) }, [], failure === undefined ? undefined : errorDocument(failure));
  } else {
    const t = stdout(flags);
    for (const finding of report.findings) print(finding, t, relative(cwd, findProject(cwd).dir));
    if (failure !== undefined) printError(failure, stderr(flags), flags);
    else if (flags.quiet !== true) stderr(flags).line(`${count(report.steps, "step")} in ${count(report.modules, "module")}: ${warnings === 0 ? "nothing to mend" : count(warnings, "warning")}`);
  }
  if (failure !== undefined) process.exitCode = failure.exitCode;
}

/** FILE, or FILE#NAME as `run` takes it: what is loaded with a module is the same for all that it exports. */
function fileOf(given: string, cwd: string): string {
  const whole = resolve(cwd, given);
  const path = existsSync(whole) ? whole : resolve(cwd, given.replace(/#[^#]*$/, ""));
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isFile() === true) return path;
  throw new MlstackError("MLS7002", found === undefined ? `there is no file ${JSON.stringify(given)}` : `${JSON.stringify(given)} is a folder`, { why: `looked at ${path}`, fix: found === undefined ? "name a module, or leave it out for all of the project" : "leave it out: all of the project is looked at then" });
}

function failureOf(errors: number, warnings: number, most: number | undefined): MlstackError | undefined {
  if (errors > 0) return new MlstackError("MLS7021", `${count(errors, "error")}${warnings > 0 ? ` and ${count(warnings, "warning")}` : ""}`, { fix: "mend what is shown, the errors first", details: { errors, warnings } });
  if (most === undefined || warnings <= most) return undefined;
  return new MlstackError("MLS7021", `${count(warnings, "warning")}, and at most ${most} are allowed`, { why: "--max-warnings", fix: "mend what is shown", details: { errors, warnings } });
}

/** @param root the project's root from the working folder, so that an editor opens the places */
function print({ severity, rule, at, message, fix, steps }: LintFinding, t: Terminal, root: string): void {
  const place = root === "" ? at : `${root}/${at}`;
  if (t.plain) { t.line([place, severity, rule, message, fix, steps.join(",")].join("\t")); return; }
  t.line(`${t.style(place, "cyan")}  ${t.style(severity, severity === "error" ? "red" : "yellow")}  ${message}${t.style(`  ${rule}`, "dim")}`);
  t.line(t.style(`  fix  ${fix}`, "dim"));
}
