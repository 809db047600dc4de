import type { ChangePlan, ForetoldScripts, Impact, PlannedEntry, PluginChange } from "@mlstack/hub";
import { impactDocument, printImpact } from "./show-impact.ts";
import { pad, printable, widthOf, type Terminal } from "../ui/terminal.ts";

/**
 * What a plan would do or has done, for people.
 *
 * @param impacts what that means for the project
 * @param foretold what would come along with it that has install scripts; undefined where that was not looked for, or is known by now
 */
export function printPlan(t: Terminal, plan: ChangePlan, impacts: readonly Impact[] = [], foretold?: ForetoldScripts): void {
  for (const change of plan.changes) {
    const impact = impacts.find(({ name }) => name === change.name);
    t.line(`${signOf(change, t)} ${t.style(change.name, "bold")}  ${versions(change)}${impact?.step === undefined || impact.step === "back" ? "" : ` (${impact.step})`}  ${t.style(change.why, "dim")}`);
    if (change.target?.source === "registry" && change.target.version.deprecated !== undefined) t.line(`    ${t.style("deprecated", "yellow")}  ${printable(change.target.version.deprecated)}`);
    if (change.target?.source === "workspace") printFolder(t, change.target);
    if (change.widened.length > 0) printReach(t, change);
    const { gained, lost, moved } = change.contracts;
    if (change.kind === "change" && gained.length + lost.length + moved.length > 0) t.line(`    ${t.style("contracts", "yellow")}  ${printable([...moved.map(({ from, to }) => `${from} → ${to}`), ...gained.map((c) => `with ${c}`), ...lost.map((c) => `without ${c}`)].join(", "))}`);
    if (impact !== undefined) printImpact(t, change, impact);
    if (change.configChanged && impact?.config === undefined) t.line(`    ${t.style("configuration", "yellow")}  its schema has changed: mlstack stack verify looks whether yours still fits`);
    for (const exception of change.exceptions) t.line(`    ${t.style("exception", "yellow")}  ${exception === "cooldown" ? "it has not waited as new versions do: by --allow-fresh or mlstack.yaml" : "the version before had a proof of where it was built, this one has none"}`);
    if (change.installScript) t.line(`    ${t.style("install script", "yellow")}  it has one; it is not run`);
    for (const { version, reason } of change.passedOver.slice(0, 3)) t.line(t.style(`    not ${version}: ${printable(reason)}`, "dim"));
  }
  if (foretold !== undefined) printForetold(t, plan, foretold);
  for (const { name, version } of plan.kept) t.line(t.style(`  ${name}  ${version}  stays`, "dim"));
  for (const name of plan.builtIn) t.line(t.style(`  ${name}  comes with mlstack`, "dim"));
  for (const name of plan.planned) t.line(t.style(`  ${name}  is planned, and left out`, "dim"));
}

/** Whether they run is not decided here: what is added is added without, and what else runs them is the package manager's setting. */
function printForetold(t: Terminal, { changes }: ChangePlan, { scripts, unknown }: ForetoldScripts): void {
  const own = new Set(changes.map(({ name }) => name));
  const along = scripts.filter((id) => !own.has(id.slice(0, id.lastIndexOf("@"))));
  if (along.length > 0) t.line(`  ${t.style(along.length === 1 ? "with an install script" : "with install scripts", "yellow")}  ${printable(along.join(", "))}: not run; whether ${along.length === 1 ? "it" : "they"} may later is your package manager's setting`);
  if (unknown.length > 0) t.line(`  ${t.style("not known before", "yellow")}  whether ${printable(unknown.join(", "))} ${unknown.length === 1 ? "has an install script" : "have install scripts"}`);
}

const REACH = { hosts: "hosts", files: "files", processes: "processes", env: "variables" } as const;

function printFolder(t: Terminal, { path, override }: Extract<PluginChange["target"], { source: "workspace" }>): void {
  t.line(`    folder  ${printable(path)}; what its files are is not pinned`);
  if (override) t.line(`    ${t.style("OVERRIDE", "yellow", "bold")}  in the place of the published package of that name; install --frozen refuses it`);
}

/** By kind, one below the other. */
function printReach(t: Terminal, { kind, widened }: PluginChange): void {
  let head = kind === "add" ? "may reach  " : "may reach, and could not before  ";
  for (const [key, name] of Object.entries(REACH)) {
    const list = widened.filter((w) => w.startsWith(`${key}: `)).map((w) => printable(w.slice(key.length + 2)));
    const lines = wrapped(list, Math.max(40, Math.min(t.columns, 120) - 4 - head.length - 11));
    for (const [i, line] of lines.entries()) {
      t.line(`    ${kind === "add" ? head : t.style(head, "yellow")}${pad(i === 0 ? name : "", 11)}${line}`);
      head = " ".repeat(head.length);
    }
  }
}

/** The words with commas, in lines of at most so many columns where no word is longer. */
function wrapped(words: readonly string[], width: number): string[] {
  const lines: string[] = [];
  for (const [i, word] of words.entries()) {
    const text = i === words.length - 1 ? word : `${word},`;
    const last = lines.at(-1);
    if (last === undefined || widthOf(last) + 1 + widthOf(text) > width) lines.push(text); else lines[lines.length - 1] = `${last} ${text}`;
  }
  return lines;
}

/** The command that makes a component of what was added; undefined where nothing that was added brings one. */
export function registerCommand({ changes }: ChangePlan): string | undefined {
  const [first] = changes.flatMap(({ kind, target }) => (kind === "add" ? target?.manifest.components ?? [] : []));
  return first && `mlstack component register NAME --type ${first.contract.replace(/@.*/, "")} --flavor ${first.flavor}`;
}

function signOf({ kind }: PluginChange, t: Terminal): string {
  return kind === "add" ? t.style("+", "green") : kind === "remove" ? t.style("-", "red") : t.style("~", "yellow");
}

function versions({ before, target }: PluginChange): string {
  const after = target === undefined ? undefined : targetVersion(target);
  if (after === undefined) return before?.version ?? "";
  return before === undefined ? after : `${before.version} → ${after}`;
}

const targetVersion = (target: NonNullable<PluginChange["target"]>): string => (target.source === "registry" ? target.version.version : target.source === "tarball" ? target.tarball.package.version : target.package.version);

/** What goes into a document besides the plan. */
export interface PlanFacts {
  readonly done: boolean;
  readonly impacts?: readonly Impact[];
  /** What comes along that has an install script, and what of it is not known. */
  readonly scripts?: ForetoldScripts | undefined;
  /** Of the lock afterwards: as it is, or as far as it is known. */
  readonly after: Readonly<Record<string, PlannedEntry>> | undefined;
}

export function planDocument(plan: ChangePlan, { done, impacts = [], scripts: { scripts, unknown } = { scripts: [], unknown: [] }, after }: PlanFacts) {
  return {
    done,
    changes: plan.changes.map(({ kind, name, before, target, why, granted, widened, exceptions, contracts, configChanged, installScript, passedOver }) => {
      const { config, ...impact } = impactDocument(impacts.find((i) => i.name === name));
      return {
        change: kind, package: name, from: before?.version ?? null, to: target === undefined ? null : targetVersion(target), source: target?.source ?? null, override: target?.source === "workspace" && target.override, why,
        permissions: { env: [...granted.env], files: [...granted.files], hosts: [...granted.hosts], processes: [...granted.processes] }, widened: [...widened], exceptions: [...exceptions],
        contracts: { gained: [...contracts.gained], lost: [...contracts.lost], moved: contracts.moved.map((m) => ({ ...m })) }, configChanged, configChanges: config, installScript, ...impact,
        passedOver: passedOver.map(({ version, kind: obstacle, code, reason }) => ({ version, obstacle, code, reason })),
      };
    }),
    kept: plan.kept.map((k) => ({ package: k.name, version: k.version })), builtIn: [...plan.builtIn], planned: [...plan.planned], scripts: [...scripts], scriptsUnknown: [...unknown],
    lock: { before: entries(plan.lock?.plugins), after: entries(after) },
  };
}

/** The lock's entries, by package. */
function entries(plugins: Readonly<Record<string, PlannedEntry>> | undefined) {
  if (plugins === undefined) return null;
  return Object.fromEntries(Object.entries(plugins).toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, { contracts, capabilities: c, ...entry }]) => [name, { ...entry, contracts: [...contracts], capabilities: { env: [...c.env], files: [...c.files], hosts: [...c.hosts], processes: [...c.processes] } }]));
}
