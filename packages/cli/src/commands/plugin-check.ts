import { relative, sep } from "node:path";
import { MlstackError } from "@mlstack/core/errors";
import { errorDocument } from "../ui/error-document.ts";
import { printError } from "../ui/errors.ts";
import { count } from "../ui/format.ts";
import { stderr, stdout, writeJson, type GlobalFlags } from "../ui/output.ts";
import { printable, type Terminal } from "../ui/terminal.ts";
import { skippedRules, skipWarnings, type CheckFinding, type CheckKit, type SkipFlags } from "./plugin-check-kit.ts";
import { folderOf } from "./folder.ts";
import { kitOf, pluginFolder } from "./plugin-kit.ts";
import { printWarnings } from "./stack-checks.ts";

/** `mlstack plugin check [FOLDER]`: holds a plugin against the conventions that all plugins keep. */
export async function pluginCheck(given: string | undefined, flags: GlobalFlags & SkipFlags & { readonly strict?: boolean }): Promise<void> {
  const dir = pluginFolder(given, flags);
  const kit = await kitOf<CheckKit>(dir, "check");
  const skipped = skippedRules(flags, kit);
  const { package: name, version, rules, findings } = await kit.checkPlugin(dir, { skip: skipped });
  const failure = checkFailure(findings, flags.strict === true);
  const warnings = findings.filter(({ level }) => level === "warning").length;
  if (failure !== undefined) process.exitCode = failure.exitCode;
  if (flags.json === true) {
    writeJson("plugin-check", { package: name, version: version ?? null, rules, skipped: [...skipped], errors: findings.length - warnings, warnings, findings: findings.map(({ rule, level, at, found, expected, fix }) => ({ rule, level, at, found, expected, fix })) }, skipWarnings(skipped), failure === undefined ? undefined : errorDocument(failure));
    return;
  }
  printFindings(findings, stdout(flags), relative(folderOf(flags), dir).split(sep).join("/"));
  printWarnings(skipWarnings(skipped), flags);
  if (failure !== undefined) printError(failure, stderr(flags), flags);
  else if (flags.quiet !== true) stderr(flags).line(`${name} keeps ${count(rules, "rule")}${warnings === 0 ? "" : `, with ${count(warnings, "warning")}`}`);
}

/** MLS8713; undefined where nothing has to be mended. */
export function checkFailure(findings: readonly CheckFinding[], isStrict: boolean): MlstackError | undefined {
  const errors = findings.filter(({ level }) => level === "error").length;
  const warnings = findings.length - errors;
  if (errors === 0 && (!isStrict || warnings === 0)) return undefined;
  const parts = [...(errors > 0 ? [count(errors, "error")] : []), ...(warnings > 0 ? [count(warnings, "warning")] : [])];
  return new MlstackError("MLS8713", parts.join(" and "), { why: errors === 0 ? "--strict allows no warnings" : "plugins keep these conventions, and what is made for plugins relies on them", fix: "mend what is shown, the errors first", details: { errors, warnings, rules: [...new Set(findings.map(({ rule }) => rule))] } });
}

/** @param root the plugin's folder from the working folder, so that an editor opens the places */
export function printFindings(findings: readonly CheckFinding[], t: Terminal, root: string): void {
  for (const { rule, level, at, found, expected, fix } of findings) {
    const place = root === "" ? at : `${root}/${at}`;
    if (t.plain) { t.line([place, level, rule, found, expected, fix].map(printable).join("\t")); continue; }
    t.line(`${t.style(printable(place), "cyan")}  ${t.style(level, level === "error" ? "red" : "yellow")}  ${printable(found)}${t.style(`  ${rule}`, "dim")}`);
    t.line(t.style(`  want  ${expected}`, "dim"));
    t.line(t.style(`  fix   ${fix}`, "dim"));
  }
}
