import type { Impact, PluginChange, SchemaDifference } from "@mlstack/hub";
import { count } from "../ui/format.ts";
import { printable, type Terminal } from "../ui/terminal.ts";

/** What a change means for this project, below the line of the change. */
export function printImpact(t: Terminal, { kind }: PluginChange, impact: Impact): void {
  const head = (text: string): string => `    ${t.style(text, "yellow")}  `;
  const { step, compatible, flavors, config, refused, users, lostResults } = impact;
  if (!compatible) t.line(`${head("version")}${step === "back" ? "it goes back" : "semver does not call it compatible"}`);
  const offered = [...flavors.gained.map((f) => `with ${f}`), ...flavors.lost.map((f) => `without ${f}`)];
  if (offered.length > 0) t.line(`${head("flavors")}${printable(offered.join(", "))}`);
  for (const [component, differences] of Object.entries(config ?? {})) {
    t.line(`${head("configuration")}${printable(component)}`);
    for (const difference of differences) t.line(`      ${printable(differenceText(difference))}`);
  }
  for (const { component, error, already } of refused) t.line(`    ${t.style("refused", already ? "yellow" : "red")}  ${printable(`${component.file}, line ${component.line}: ${error.message}${already ? " (as it is now)" : ""}`)}`);
  if (kind === "remove") {
    for (const { type, name, file, line, stacks } of users) t.line(`    ${t.style("in use", "red")}  ${printable(`${file}, line ${line}: the ${type} "${name}"${stacks.length === 0 ? "" : `, in ${stacks.join(", ")}`}`)}`);
    return;
  }
  if (step === undefined) return;
  for (const { pipeline, step: name, results } of lostResults) t.line(`${head("cache")}${printable(`${name} in ${pipeline}`)}: ${count(results, "result")} will not be found any more, for the step's code uses this package`);
  if (lostResults.length === 0) t.line(t.style("    cache  no recorded result is lost", "dim"));
}

/** One setting's difference in a line: `+ region  string, optional`. */
export function differenceText({ key, kind, before, after }: SchemaDifference): string {
  const name = key === "" ? "(all)" : key;
  if (kind === "added") return `+ ${name}  ${after ?? ""}`;
  if (kind === "removed") return `- ${name}  ${before ?? ""}`;
  if (kind === "required" || kind === "optional") return `~ ${name}  is ${kind} now`;
  const what = kind === "type" || kind === "secret" ? "" : `${kind} `;
  return `~ ${name}  ${what}${before ?? "none"} → ${after ?? "none"}`;
}

/** For a program. */
export function impactDocument(impact: Impact | undefined) {
  const { step, compatible = true, flavors, config, refused = [], users = [], lostResults = [] } = impact ?? {};
  const place = ({ type, name, file, line, stacks }: Impact["users"][number]) => ({ type, component: name, file, line, stacks: [...stacks] });
  return {
    step: step ?? null, compatible, flavors: { gained: [...flavors?.gained ?? []], lost: [...flavors?.lost ?? []] },
    config: impact !== undefined && config === undefined ? null : Object.entries(config ?? {}).flatMap(([component, differences]) => differences.map(({ key, kind, before, after }) => ({ component, key, kind, before: before ?? null, after: after ?? null }))),
    refused: refused.map(({ component, error, already }) => ({ ...place(component), code: error.code, reason: error.message, already })), users: users.map(place), lostResults: lostResults.map((r) => ({ ...r })),
  };
}
