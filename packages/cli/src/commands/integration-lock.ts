import { MlstackError } from "@mlstack/core/errors";
import { makeStateFolder } from "@mlstack/engine/project-files";
import type { Generation } from "@mlstack/hub";
import { packagesCalled, withHub, type Hub, type HubFlags } from "../hub/open-hub.ts";
import { declaresIntegration, refuseUnknownNames } from "../hub/named.ts";
import { overrideWarnings } from "../hub/overrides.ts";
import { canAsk, confirm } from "../ui/ask.ts";
import { errorDocument } from "../ui/error-document.ts";
import { printError } from "../ui/errors.ts";
import { count } from "../ui/format.ts";
import { iso, stderr, stdout, writeJson } from "../ui/output.ts";
import { printable, printTable } from "../ui/terminal.ts";
import { printWarnings } from "./stack-checks.ts";

const noLock = (): MlstackError => new MlstackError("MLS8207", "there is no mlstack.lock: nothing is pinned", { fix: "mlstack integration lock, and commit mlstack.lock" });

/** `mlstack integration verify`. Asks no network, unless with `--deep`. */
export async function integrationVerify(flags: HubFlags & { readonly deep?: boolean }): Promise<void> {
  await withHub(flags, { writes: false }, async ({ hub, change, context, registry, warnings }) => {
    if (context.lock === undefined) throw noLock();
    warnings.push(...overrideWarnings(hub.overridesIn(context.lock)));
    const findings = await hub.verifyPinned(context.lock, change.projectDir, change.manager);
    const rows: { name: string; version: string | null; depends: string | null; problem: MlstackError | undefined }[] = findings.map(({ name, problem }) => ({ name, version: context.lock?.plugins[name]?.version ?? null, depends: null, problem }));
    if (flags.deep === true) {
      for (const { name, problem } of findings) {
        const pkg = context.installed.find((p) => p.name === name);
        if (problem !== undefined || pkg === undefined) continue;
        for (const deep of await hub.verifyDeep(pkg.dir, await change.manager.subtree(name), registry)) rows.push({ name: deep.id, version: null, depends: name, problem: deep.problem });
      }
    }
    const first = rows.find((r) => r.problem !== undefined)?.problem;
    if (first !== undefined) process.exitCode = first.exitCode;
    if (flags.json === true) {
      writeJson("integration-verify", rows.map((r) => ({ package: r.name, version: r.version, of: r.depends, ok: r.problem === undefined, error: r.problem === undefined ? null : errorDocument(r.problem) })), warnings, first === undefined ? undefined : errorDocument(first));
      return;
    }
    const t = stdout(flags);
    printTable(t, undefined, rows.filter((r) => r.depends === null || r.problem !== undefined).map((r) => [r.problem === undefined ? t.style("ok", "green") : t.style(r.problem.code, "red"), r.name, r.version ?? "", printable(r.problem?.message ?? "")]));
    printWarnings(warnings, flags);
    if (first !== undefined) printError(first, stderr(flags), flags);
    else if (flags.quiet !== true) stderr(flags).line(`${count(rows.length, "package")} as pinned`);
  });
}

/** `mlstack integration lock`. What an integration may reach besides is agreed to here, too. */
export async function integrationLock(flags: HubFlags & { readonly check?: boolean; readonly dryRun?: boolean; readonly allowPermissions?: readonly string[] }): Promise<void> {
  const isDry = flags.check === true || flags.dryRun === true;
  await withHub(flags, { writes: !isDry }, async (opened) => {
    const { hub, project, change, context, registry, warnings } = opened;
    refuseUnknownNames({ "--allow-permissions": flags.allowPermissions }, opened);
    const after = await hub.lockOfInstalled(change, context.lock, registry);
    const isNothing = context.lock === undefined && !declaresIntegration(project.dir, context);
    const isSame = isNothing || hub.isSameLock(context.lock, after);
    warnings.push(...overrideWarnings(hub.overridesIn(after)));
    const widened = hub.lockWidenings(context.lock, after);
    if (!isSame && !isDry) {
      const allowed = packagesCalled(hub, context.catalog, flags.allowPermissions);
      const open = widened.filter(({ name }) => !allowed.includes(name));
      if (!canAsk(flags)) hub.refuseWidened(open, []);
      else if (open.length > 0) await confirm(`${open.map((one) => `${printable(hub.wideningText(one))}. `).join("")}Pin ${open.map(({ name }) => name).join(", ")}?`, flags);
      makeStateFolder(change);
      await hub.lockProject(change, context.lock, after);
    }
    const before = context.lock?.plugins ?? {};
    const names = [...new Set([...Object.keys(before), ...Object.keys(after.plugins)])].toSorted();
    const changes = names.flatMap((name) => {
      const [was, is] = [before[name], after.plugins[name]];
      if (JSON.stringify(was, keysOf(was)) === JSON.stringify(is, keysOf(is))) return [];
      const beyond = widened.find((one) => one.name === name)?.permissions;
      return [{ package: name, from: was?.version ?? null, to: is?.version ?? null, ...(beyond !== undefined && { widened: [...beyond] }) }];
    });
    if (flags.check === true && !isSame) process.exitCode = 3;
    if (flags.json === true) { writeJson("integration-lock", { written: !isSame && !isDry, same: isSame, changes }, warnings); return; }
    const t = stdout(flags);
    for (const c of changes) t.line(`${c.package}  ${c.from ?? "not pinned"} → ${c.to ?? "not installed"}${c.widened === undefined ? "" : t.style(`  may reach, and could not before: ${printable(c.widened.join(", "))}`, "yellow")}`);
    printWarnings(warnings, flags);
    if (flags.quiet !== true) stderr(flags).line(isNothing ? "there is nothing to pin: the project declares no integration" : isSame ? "mlstack.lock is what is installed" : isDry ? "mlstack.lock differs from what is installed; nothing was written" : "wrote mlstack.lock");
  });
}

/** All keys in one order, so that two entries can be compared. */
function keysOf(value: unknown): string[] {
  const keys = new Set<string>();
  JSON.stringify(value ?? null, (key, inner: unknown) => { keys.add(key); return inner; });
  return [...keys].toSorted();
}

/** `mlstack integration permissions`. What was granted, by the lock; and where what is installed wants more. */
export async function integrationPermissions(name: string | undefined, flags: HubFlags): Promise<void> {
  await withHub(flags, { writes: false }, async ({ hub, context }) => {
    const { lock, catalog, installed } = context;
    if (lock === undefined) throw noLock();
    const asked = name === undefined ? undefined : hub.expand(catalog, name);
    const wanted = asked === undefined ? undefined : new Set([name!, ...("unknown" in asked ? [] : asked.available.map((i) => i.package))]);
    const listed = Object.entries(lock.plugins).filter(([pkg]) => wanted === undefined || wanted.has(pkg)).toSorted(([a], [b]) => (a < b ? -1 : 1));
    if (name !== undefined && listed.length === 0) throw new MlstackError("MLS8421", `${name} is not in mlstack.lock`, { why: `it has ${Object.keys(lock.plugins).toSorted().join(", ") || "nothing"}`, fix: "mlstack integration list --installed" });
    const rows = listed.map(([pkg, { version, capabilities }]) => {
      const found = installed.find((p) => p.name === pkg);
      return { package: pkg, version, granted: { env: [...capabilities.env], files: [...capabilities.files], hosts: [...capabilities.hosts], processes: [...capabilities.processes] }, beyond: found === undefined ? [] : [...hub.permissionsBeyond(capabilities, hub.manifestFacts(found.manifest).capabilities)] };
    });
    if (flags.json === true) { writeJson("integration-permissions", rows); return; }
    const t = stdout(flags);
    if (rows.length === 0) { stderr(flags).line("no integration is installed"); return; }
    const cell = (list: readonly string[]): string => printable(list.join(", ") || "-");
    printTable(t, ["PACKAGE", "VERSION", "HOSTS", "FILES", "PROCESSES", "VARIABLES", ""], rows.map((r) => [r.package, r.version, cell(r.granted.hosts), cell(r.granted.files), cell(r.granted.processes), cell(r.granted.env), r.beyond.length === 0 ? "" : t.style(`wants more: ${cell(r.beyond)}`, "yellow")]));
  });
}

/** `mlstack integration outdated`. */
export async function integrationOutdated(flags: HubFlags & { readonly exitCode?: boolean }): Promise<void> {
  await withHub(flags, { writes: false }, async ({ hub, context }) => {
    const all = await hub.outdated(context);
    const behind = all.filter((o) => o.wanted !== o.current || (o.latest !== undefined && o.latest !== o.current));
    if (flags.exitCode === true && behind.length > 0) process.exitCode = 3;
    if (flags.json === true) { writeJson("integration-outdated", all.map((o) => ({ package: o.name, current: o.current, wanted: o.wanted, latest: o.latest ?? null, blocked: o.blocked === undefined ? null : { version: o.blocked.version, code: o.blocked.code, reason: o.blocked.reason }, deprecated: o.deprecated ?? null }))); return; }
    if (behind.length === 0) { stderr(flags).line(all.length === 0 ? "no integration is pinned from a registry" : "all are the newest"); return; }
    const t = stdout(flags);
    printTable(t, ["PACKAGE", "CURRENT", "WANTED", "LATEST", ""], behind.map((o) => [o.name, o.current, o.wanted === o.current ? o.wanted : t.style(o.wanted, "green"), o.latest ?? "-", printable(o.blocked?.reason ?? (o.wanted === o.latest ? "" : "another major version: --major"))]));
  });
}

/** `mlstack integration rollback`. The lock need not be one that can be read: it is put back, too. */
export async function integrationRollback(flags: HubFlags & { readonly list?: boolean; readonly to?: number; readonly yes?: boolean; readonly dryRun?: boolean }): Promise<void> {
  await withHub(flags, { writes: flags.list !== true && flags.dryRun !== true, anyLock: true }, async (hub) => {
    const { hub: h, change, waiting, warnings } = hub;
    if (flags.list === true) { listChanges(hub, flags); return; }
    const rollback = h.planRollback(change, flags.to);
    const { to } = rollback;
    if (flags.dryRun === true) {
      if (flags.json === true) writeJson("integration-rollback", [{ ...rowOf(to), done: false }], warnings); else stdout(flags).line(`would go back to before: ${to.change}`);
      return;
    }
    await confirm(`Go back to before: ${to.change}?`, flags);
    waiting.begins(`${change.manager.name} is at work`);
    const after = await h.rollBack(change, rollback).finally(() => { waiting.ends(); });
    if (after !== undefined) warnings.push(...overrideWarnings(h.overridesIn(after)));
    if (flags.json === true) { writeJson("integration-rollback", [{ ...rowOf(to), done: true }], warnings); return; }
    stdout(flags).line(`back to before: ${to.change}`);
    printWarnings(warnings, flags);
  });
}

function listChanges({ hub, change, warnings }: Hub, flags: HubFlags): void {
  const touched = hub.touchedFiles(change);
  const all = hub.generations(touched).list();
  if (flags.json === true) { writeJson("integration-rollback", all.map((g) => ({ ...rowOf(g), done: false })), warnings); return; }
  if (all.length === 0) { stderr(flags).line("no change was made here"); return; }
  const isWorkspace = touched.project !== "." || all.some(({ project }) => project !== ".");
  const t = stdout(flags);
  // each package takes its own back
  const shown = (g: Generation, text: string): string => (g.project === touched.project ? text : t.style(text, "dim"));
  printTable(t, ["ID", "MADE", ...(isWorkspace ? ["PACKAGE"] : []), "CHANGE"], all.map((g) => [String(g.id), iso(g.at), ...(isWorkspace ? [shown(g, printable(g.project))] : []), shown(g, printable(g.change))]), [0]);
  printWarnings(warnings, flags);
}

const rowOf = ({ id, change, project, at }: Generation) => ({ id, change, folder: project, at: iso(at) });
