import { MlstackError } from "@mlstack/core/errors";
import { makeStateFolder } from "@mlstack/engine/project-files";
import type { ChangePlan, Impact } from "@mlstack/hub";
import { packagesCalled, withHub, type Hub, type HubFlags } from "../hub/open-hub.ts";
import { declaresIntegration, declaresNothing, refuseUnknownNames, type Agreed } from "../hub/named.ts";
import { overrideWarnings } from "../hub/overrides.ts";
import { savedComponents } from "../hub/saved-components.ts";
import { planDocument, printPlan, registerCommand } from "../hub/show-plan.ts";
import { canAsk, confirm } from "../ui/ask.ts";
import { count } from "../ui/format.ts";
import { stderr, stdout, writeJson } from "../ui/output.ts";
import { printable } from "../ui/terminal.ts";
import { printNext, printWarnings } from "./stack-checks.ts";

interface ChangeFlags extends HubFlags {
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  /** Names of integrations, as is `allowFresh`: what is agreed to of each, besides the change itself. */
  readonly allowPermissions?: readonly string[];
  readonly allowInvalidConfig?: readonly string[];
  readonly allowInUse?: readonly string[];
}
type Command = "integration-install" | "integration-uninstall" | "integration-upgrade";

/** `mlstack integration install`. */
export async function integrationInstall(specs: readonly string[], flags: ChangeFlags & { readonly available?: boolean; readonly frozen?: boolean }): Promise<void> {
  if (specs.length > 0 && flags.frozen === true) throw new MlstackError("MLS7001", "--frozen installs what is pinned, and takes no names", { why: "to install another one changes the lock", fix: "mlstack integration install --frozen" });
  await withHub(flags, { writes: flags.dryRun !== true }, async (hub) => {
    if (specs.length === 0) { await installPinned(hub, flags); return; }
    await carryOut("integration-install", await hub.hub.planInstall({ specs, available: flags.available }, hub.context), hub, flags);
  });
}

/** `mlstack integration uninstall`. */
export async function integrationUninstall(names: readonly string[], flags: ChangeFlags): Promise<void> {
  await withHub(flags, { writes: flags.dryRun !== true }, async (hub) => {
    await carryOut("integration-uninstall", await hub.hub.planUninstall(names, hub.context), hub, flags);
  });
}

/** `mlstack integration upgrade`. */
export async function integrationUpgrade(names: readonly string[], flags: ChangeFlags & { readonly major?: boolean; readonly to?: string; readonly plan?: boolean }): Promise<void> {
  if (flags.to !== undefined && names.length !== 1) throw new MlstackError("MLS7001", "--to takes one NAME", { why: `${names.length === 0 ? "none is" : "several are"} named, and a version is that of one`, fix: `mlstack integration upgrade NAME --to ${flags.to}` });
  const isDry = flags.plan === true || flags.dryRun === true;
  await withHub(flags, { writes: !isDry }, async (hub) => {
    const to = flags.to === undefined ? undefined : await wantedOf(flags.to, hub);
    await carryOut("integration-upgrade", await hub.hub.planUpgrade({ names, major: flags.major, to }, hub.context), hub, { ...flags, dryRun: isDry });
  });
}

async function wantedOf(text: string, { hub, context }: Hub) {
  const spec = await hub.parseSpec(`x@${text}`, context.cwd);
  if (spec.kind === "registry") return spec.wanted;
  throw new MlstackError("MLS8401", `--to ${text} is no version, range or tag`, { fix: "write a version, such as --to 1.2.0" });
}

async function carryOut(command: Command, plan: ChangePlan, hub: Hub, flags: ChangeFlags): Promise<void> {
  const [out, err] = [stdout(flags), stderr(flags)];
  refuseUnknownNames(agreedOf(flags), hub, [...plan.changes, ...plan.kept].map(({ name }) => name));
  const changed = new Set(plan.changes.map(({ name }) => name));
  // those of the plan it says itself
  hub.warnings.push(...overrideWarnings(plan.lock === undefined ? [] : hub.hub.overridesIn(plan.lock).filter((name) => !changed.has(name))));
  const impacts = await impactsOf(plan, hub);
  // whoever has said yes before is told afterwards
  const foretold = flags.dryRun === true || (flags.yes !== true && canAsk(flags)) ? await hub.hub.foretellScripts(plan, { registry: hub.registry, manager: hub.manager }) : undefined;
  if (flags.dryRun === true || plan.changes.length === 0) {
    if (flags.json === true) { writeJson(command, planDocument(plan, { done: false, impacts, scripts: foretold, after: plan.changes.length === 0 ? plan.lock?.plugins : hub.hub.plannedLock(plan) }), hub.warnings); return; }
    printPlan(out, plan, impacts, foretold);
    printWarnings(hub.warnings, flags);
    if (flags.quiet !== true) err.line(plan.changes.length === 0 ? "nothing to change" : `${count(plan.changes.length, "change")}: nothing was changed`);
    return;
  }
  const refusal = refusalOf(plan, impacts, hub, flags);
  // who is asked, or told no, must see what it is about
  if ((flags.yes !== true || refusal !== undefined) && (flags.json !== true || canAsk(flags))) printPlan(err, plan, impacts, foretold);
  if (refusal !== undefined) throw refusal;
  await confirm(questionOf(command, plan, hub), flags);
  makeStateFolder(hub.change);
  const fetched = plan.changes.filter(({ target }) => target?.source === "registry").length;
  if (fetched > 0) hub.waiting.begins(`fetching ${count(fetched, "package")} to check ${fetched === 1 ? "it" : "them"}`);
  const { scripts, after } = await hub.hub.applyPlan(plan, {
    ...hub.change, registry: hub.registry, fresh: hub.fresh, fetched: () => { hub.waiting.begins(`${hub.manager.name} is at work`); },
    confirmScripts: async (packages) => {
      const names = packages.map(({ id }) => id).join(", ");
      hub.warnings.push(`${names} ${packages.length === 1 ? "has an install script, which was" : "have install scripts, which were"} not run: whether ${packages.length === 1 ? "it" : "they"} may is your package manager's setting`);
      // managers choose versions in their own ways, and what nobody can look at before may have one
      const unforeseen = packages.map(({ id }) => id).filter((id) => foretold?.scripts.includes(id) !== true);
      hub.waiting.ends();
      if (flags.yes !== true && unforeseen.length > 0) await confirm(`${unforeseen.join(", ")} ${unforeseen.length === 1 ? "has an install script" : "have install scripts"}, not run so far. Go on?`, flags);
    },
  }).finally(() => { hub.waiting.ends(); });
  if (flags.json === true) { writeJson(command, planDocument(plan, { done: true, impacts, scripts: { scripts: scripts.map(({ id }) => id), unknown: [] }, after: after.plugins }), hub.warnings); return; }
  printPlan(out, plan, impacts);
  printWarnings(hub.warnings, flags);
  const next = command === "integration-install" ? registerCommand(plan) : undefined;
  if (next !== undefined) printNext(next, flags);
}

const agreedOf = (flags: ChangeFlags): Agreed => ({ "--allow-permissions": flags.allowPermissions, "--allow-invalid-config": flags.allowInvalidConfig, "--allow-in-use": flags.allowInUse, "--allow-fresh": flags.allowFresh });

/** What a plan means for the project's files and recorded results. Nothing is looked at where everything is new. */
async function impactsOf(plan: ChangePlan, { hub, project, context, warnings }: Hub): Promise<readonly Impact[]> {
  if (plan.changes.every(({ kind }) => kind === "add")) return [];
  const { saved, warnings: unread } = await savedComponents(project.dir);
  warnings.push(...unread);
  return hub.impactOf(plan, {
    registry: context.registry, installed: context.installed, saved,
    keyed: async (name, version) => {
      const { resultsKeyedBy } = await import("@mlstack/engine");
      try { return await resultsKeyedBy(project, name, version); } catch (e) {
        // an upgrade need not wait for records that are to be mended
        if (!MlstackError.is(e)) throw e;
        warnings.push(`which recorded results are lost is not known: ${e.message}`);
        return [];
      }
    },
  });
}

/** What forbids a plan, as long as nobody agrees to it by name. What an integration may reach besides is asked for where somebody can be asked. */
function refusalOf(plan: ChangePlan, impacts: readonly Impact[], { hub, context }: Hub, flags: ChangeFlags): MlstackError | undefined {
  const called = (names: readonly string[] | undefined): readonly string[] => packagesCalled(hub, context.catalog, names);
  try {
    hub.refuseInUse(plan, impacts, called(flags.allowInUse));
    hub.refuseOrphans(hub.orphansOf(plan, context), plan, called(flags.allowInUse));
    hub.refuseInvalidConfig(impacts, called(flags.allowInvalidConfig));
    if (flags.yes === true || !canAsk(flags)) hub.refuseWidened(hub.widenings(plan), called(flags.allowPermissions));
  } catch (e) {
    if (MlstackError.is(e)) return e;
    throw e;
  }
  return undefined;
}

function questionOf(command: Command, plan: ChangePlan, { hub }: Hub): string {
  const names = plan.changes.map((c) => c.name).join(", ");
  const more = hub.widenings(plan).map((one) => `${printable(hub.wideningText(one))}. `).join("");
  return `${more}${command === "integration-uninstall" ? "Remove" : command === "integration-install" ? "Install" : "Upgrade"} ${names}?`;
}

/** What the project declares, as it is pinned. */
async function installPinned(opened: Hub, flags: ChangeFlags & { readonly frozen?: boolean }): Promise<void> {
  const { hub, project, manager, change, context, registry, waiting, warnings } = opened;
  const { lock } = context;
  refuseUnknownNames(agreedOf(flags), opened);
  const unpinned = new MlstackError("MLS8207", "there is no mlstack.lock", { why: "--frozen installs what is pinned", fix: "mlstack integration lock, and commit mlstack.lock" });
  if (flags.frozen === true && lock === undefined && declaresIntegration(project.dir, context)) throw unpinned;
  const [override] = lock === undefined ? [] : hub.overridesIn(lock);
  if (flags.frozen === true && override !== undefined) {
    throw new MlstackError("MLS8411", `${override} is a folder of the workspace, in the place of the published package`, { why: "--frozen installs what was published and pinned, the same everywhere", fix: `take the folder out of the workspace, then: mlstack integration rollback, or mlstack integration install ${override}`, details: { package: override } });
  }
  const isNothing = lock === undefined && declaresNothing(manager);
  if (flags.dryRun !== true && !isNothing) {
    makeStateFolder(change);
    waiting.begins(`${manager.name} is at work`);
    const damaged = await hub.installProject(change, flags.frozen === true).finally(() => { waiting.ends(); });
    if (damaged.length > 0) warnings.push(`${damaged.join(", ")} had been changed on disk, and ${damaged.length === 1 ? "was" : "were"} installed anew`);
  }
  let after = lock;
  if (lock === undefined && flags.dryRun !== true && !isNothing) {
    after = await hub.lockOfInstalled(change, undefined, registry);
    // one that could not be known for an integration before it was there
    if (flags.frozen === true && Object.keys(after.plugins).length > 0) throw unpinned;
    if (Object.keys(after.plugins).length > 0) await hub.lockProject(change, undefined, after);
  }
  warnings.push(...overrideWarnings(after === undefined ? [] : hub.overridesIn(after)));
  const findings = after === undefined ? [] : await hub.verifyPinned(after, change.projectDir, change.manager);
  const problem = findings.find((f) => f.problem !== undefined)?.problem;
  if (problem !== undefined) throw problem;
  const kept = Object.entries(after?.plugins ?? {}).map(([name, { version }]) => ({ name, version })).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const plan: ChangePlan = { changes: [], kept, builtIn: [], planned: [], lock };
  if (flags.json === true) { writeJson("integration-install", planDocument(plan, { done: flags.dryRun !== true, after: after?.plugins }), warnings); return; }
  printPlan(stdout(flags), plan);
  printWarnings(warnings, flags);
  if (flags.quiet !== true) stderr(flags).line(kept.length === 0 ? "the project declares no integration" : `${count(kept.length, "integration")}, as pinned`);
}
