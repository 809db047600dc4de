import { createRequire } from "node:module";
import { didYouMean, MlstackError, nameList, type Permissions } from "@mlstack/core";
import { coreVersion, type PluginUnderTest } from "../kit/plugin-package.ts";
import { FORMAT_CONTRACT, type ConformanceTarget } from "../target.ts";
import type { KitPlan, KitTask, PlannedTarget } from "./messages.ts";

/** A planned target, and the target where there is one. */
export interface Planned extends PlannedTarget { readonly target: ConformanceTarget | undefined }

interface Subject { readonly contract: string; readonly flavor: string; readonly permissions: Permissions }

/**
 * What is to be run: the targets in their order, compared with the manifest, and behind them the components that have none.
 *
 * @throws MLS8703 when nothing is of the type, flavor or id that was asked for
 */
export function planOf(plugin: PluginUnderTest, targets: readonly ConformanceTarget[], asked: Pick<KitTask, "contract" | "flavor" | "cases">): { readonly plan: KitPlan; readonly planned: readonly Planned[] } {
  const { manifest: { components, formats } } = plugin;
  const subjects: Subject[] = [...components, ...formats.map(({ format }) => ({ contract: FORMAT_CONTRACT, flavor: format, permissions: {} }))];
  const known = [...subjects, ...targets];
  check("--type", asked.contract, known.flatMap(({ contract }) => [contract, typeOf(contract)]));
  check("--flavor", asked.flavor, known.filter((one) => isOf(one, { contract: asked.contract })).map(({ flavor }) => flavor));
  const chosen = targets.filter((one) => isOf(one, asked));
  for (const id of asked.cases ?? []) check("--case", id, chosen.flatMap(({ suite }) => suite.cases.map((one) => one.id)));
  const planned = [...chosen.map((target) => plannedTarget(target, subjects, asked.cases)), ...subjects.filter((one) => isOf(one, asked) && !targets.some((target) => isSame(target, one))).map(missing)];
  return { plan: { package: plugin.package.name, version: plugin.package.version, dir: plugin.package.dir, core: coreVersion(), testkit: testkitVersion(), targets: planned.map((one) => ({ ...one, target: undefined })) }, planned };
}

function plannedTarget(target: ConformanceTarget, subjects: readonly Subject[], ids: readonly string[] | undefined): Planned {
  const { contract, flavor, suite, limitMs = 60_000 } = target;
  const subject = subjects.find((one) => isSame(one, target));
  const head = { contract, flavor, limitMs, suite: suite.version ?? `@mlstack/testkit@${testkitVersion()}`, declared: declaredBy(subject), target };
  if (subject === undefined) return { ...head, cases: [], refused: `the manifest has no ${contract} of the flavor "${flavor}": it has ${nameList(subjects.map((one) => `${one.contract} ${one.flavor}`))}` };
  if (suite.contract !== contract) return { ...head, cases: [], refused: `the target is of ${contract}, and its suite of ${suite.contract}` };
  return { ...head, ...(ids === undefined && { core: suite.core ?? [] }), cases: suite.cases.filter(({ id }) => ids === undefined || ids.includes(id)).map(({ id, title, clause, killers }) => ({ id, title, clause, ...(killers !== undefined && { killers }) })) };
}

function missing(subject: Subject): Planned {
  return { contract: subject.contract, flavor: subject.flavor, suite: "", limitMs: 0, cases: [], declared: declaredBy(subject), target: undefined, refused: "the manifest has it, and conformance.ts has no target for it: nothing shows that it keeps its contract" };
}

function declaredBy(subject: Subject | undefined): PlannedTarget["declared"] {
  const { hosts = [], files = [], processes = [], env = [] } = subject?.permissions ?? {};
  return { hosts, files, processes, env };
}

/** All that the components of a plugin declare together: its module is imported for each of them. */
export function declaredByAll(plugin: PluginUnderTest): PlannedTarget["declared"] {
  const all = plugin.manifest.components.map(declaredBy);
  return { hosts: all.flatMap((one) => one.hosts), files: all.flatMap((one) => one.files), processes: all.flatMap((one) => one.processes), env: all.flatMap((one) => one.env) };
}

const typeOf = (contract: string): string => contract.replace(/@\d+$/, "");
const isSame = (a: Pick<Subject, "contract" | "flavor">, b: Pick<Subject, "contract" | "flavor">): boolean => a.contract === b.contract && a.flavor === b.flavor;
const isOf = (one: Pick<Subject, "contract" | "flavor">, asked: Pick<KitTask, "contract" | "flavor">): boolean =>
  (asked.contract === undefined || asked.contract === one.contract || asked.contract === typeOf(one.contract)) && (asked.flavor === undefined || asked.flavor === one.flavor);

function check(flag: string, word: string | undefined, known: readonly string[]): void {
  if (word === undefined || known.includes(word)) return;
  const near = didYouMean(word, known);
  throw new MlstackError("MLS8703", `${flag} ${word}: the plugin has nothing of that name to test`, { why: `there are ${nameList(new Set(known), 12)}`, fix: near === undefined ? `leave ${flag} out for all of them` : `${flag} ${near}` });
}

let version: string | undefined;
function testkitVersion(): string {
  return (version ??= (createRequire(import.meta.url)("@mlstack/testkit/package.json") as { version: string }).version);
}
