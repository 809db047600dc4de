import type { ChangePlan, LockedPackage, PluginChange } from "@mlstack/hub";
import { printable, type Terminal } from "../ui/terminal.ts";

/** What a plan would do or has done, for people. */
export function printPlan(t: Terminal, plan: ChangePlan): void {
  for (const change of plan.changes) {
    t.line(`${signOf(change, t)} ${t.style(change.name, "bold")}  ${versions(change)}  ${t.style(change.why, "dim")}`);
    if (change.target?.source === "registry" && change.target.version.deprecated !== undefined) t.line(`    ${t.style("deprecated", "yellow")}  ${printable(change.target.version.deprecated)}`);
    if (change.widened.length > 0) t.line(`    ${change.kind === "add" ? "may reach" : t.style("may reach what it could not before:", "yellow")}  ${printable(change.widened.join(", "))}`);
    if (change.kind === "change" && change.contracts.gained.length + change.contracts.lost.length > 0) t.line(`    ${t.style("contracts", "yellow")}  ${printable([...change.contracts.gained.map((c) => `with ${c}`), ...change.contracts.lost.map((c) => `without ${c}`)].join(", "))}`);
    if (change.configChanged) t.line(`    ${t.style("configuration", "yellow")}  its schema has changed: mlstack stack verify looks whether yours still fits`);
    for (const exception of change.exceptions) t.line(`    ${t.style("exception", "yellow")}  ${exception === "cooldown" ? "it is newer than new versions have to be" : "the version before had a proof of where it was built, this one has none"}`);
    if (change.installScript) t.line(`    ${t.style("install script", "yellow")}  it has one; it is not run`);
    for (const { version, reason } of change.passedOver.slice(0, 3)) t.line(t.style(`    not ${version}: ${printable(reason)}`, "dim"));
  }
  for (const { name, version } of plan.kept) t.line(t.style(`  ${name}  ${version}  stays`, "dim"));
  for (const name of plan.builtIn) t.line(t.style(`  ${name}  comes with mlstack`, "dim"));
  for (const name of plan.planned) t.line(t.style(`  ${name}  is planned, and left out`, "dim"));
}

function signOf({ kind }: PluginChange, t: Terminal): string {
  return kind === "add" ? t.style("+", "green") : kind === "remove" ? t.style("-", "red") : t.style("~", "yellow");
}

function versions({ before, target }: PluginChange): string {
  const after = target === undefined ? undefined : targetVersion(target);
  if (after === undefined) return before?.version ?? "";
  return before === undefined ? after : `${before.version} → ${after}`;
}

const targetVersion = (target: NonNullable<PluginChange["target"]>): string => (target.source === "registry" ? target.version.version : target.tarball.package.version);

export function planDocument(plan: ChangePlan, done: boolean, scripts: readonly LockedPackage[] = []) {
  return {
    done,
    changes: plan.changes.map(({ kind, name, before, target, why, granted, widened, exceptions, contracts, configChanged, installScript, passedOver }) => ({
      change: kind, package: name, from: before?.version ?? null, to: target === undefined ? null : targetVersion(target), source: target?.source ?? null, why,
      permissions: { env: [...granted.env], files: [...granted.files], hosts: [...granted.hosts], processes: [...granted.processes] }, widened: [...widened], exceptions: [...exceptions], contracts: { gained: [...contracts.gained], lost: [...contracts.lost] }, configChanged, installScript,
      passedOver: passedOver.map(({ version, kind: obstacle, code, reason }) => ({ version, obstacle, code, reason })),
    })),
    kept: plan.kept.map((k) => ({ package: k.name, version: k.version })), builtIn: [...plan.builtIn], planned: [...plan.planned], scripts: scripts.map(({ id }) => id),
  };
}
