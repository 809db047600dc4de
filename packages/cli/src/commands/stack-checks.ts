import type { JsonObject, MlstackError } from "@mlstack/core";
import { openStack, projectPlugins, type StackFinding, type StackSpec } from "@mlstack/engine";
import type { Project } from "@mlstack/engine/project-files";
import { stderr, type GlobalFlags } from "../ui/output.ts";

/** What can be mended without touching the stack: a plugin that is not installed here, a variable that is not set. */
const OF_THIS_MACHINE = ["MLS2007", "MLS2010"];

/**
 * Looks at a stack's components when it is registered or made active, rather than at the run.
 *
 * @returns what is missing on this machine, with what mends it
 * @throws what is wrong with the stack itself: MLS2008, MLS4004, MLS7004
 */
export async function checkStack(project: Project, spec: StackSpec): Promise<string[]> {
  const findings = await findingsOf(project, spec);
  const own = findings.find((f) => !OF_THIS_MACHINE.includes(f.error.code));
  if (own !== undefined) throw own.error;
  const missing = findings.filter((f) => f.error.code === "MLS2007");
  // one plugin brings several of them
  const byFix = new Map<string, string[]>();
  for (const { type, error } of missing) byFix.set(error.fix ?? "", [...(byFix.get(error.fix ?? "") ?? []), `${spec.components[type]!.flavor} (${type})`]);
  return [...[...byFix].map(([fix, flavors]) => `no installed plugin offers ${flavors.join(", ")}: ${fix}`), ...findings.filter((f) => !missing.includes(f)).map(({ error }) => withFix(error))];
}

const withFix = ({ message, fix }: MlstackError): string => (fix === undefined ? message : `${message}: ${fix}`);

/** The same for one component; its flavor must be there, for else nothing of it can be checked. Throws MLS2007, MLS2008. */
export async function checkComponent(project: Project, type: string, flavor: string, config: JsonObject | undefined, name: string): Promise<string[]> {
  const findings = await findingsOf(project, { name, components: { [type]: { name, flavor, ...(config !== undefined && { config }) } } });
  // that it is no whole stack is no finding
  const of = findings.filter((f) => f.type === type && f.error.code !== "MLS4004");
  const own = of.find((f) => f.error.code !== "MLS2010");
  if (own !== undefined) throw own.error;
  return of.map((f) => withFix(f.error));
}

async function findingsOf({ dir, stateDir }: Project, spec: StackSpec): Promise<readonly StackFinding[]> {
  const stack = openStack(spec, projectPlugins(dir, undefined), { projectDir: dir, stateDir });
  try { return await stack.findings(); } finally { await stack.dispose(); }
}

export function printWarnings(warnings: readonly string[], flags: GlobalFlags): void {
  const t = stderr(flags);
  for (const warning of warnings) t.line(`${t.style("warning", "yellow")}  ${warning}`);
}

/** The one command that comes next; for people only. */
export function printNext(next: string, flags: GlobalFlags): void {
  if (flags.quiet === true) return;
  const t = stderr(flags);
  t.line(t.style(`next  ${next}`, "dim"));
}
