import { MlstackError, type ContractSource } from "@mlstack/core";
import gt from "semver/functions/gt.js";
import satisfies from "semver/functions/satisfies.js";
import type { LockedPlugin } from "../lock/lock.ts";
import { manifestFacts, permissionsBeyond } from "../lock/manifest-facts.ts";
import { resolveVersion, type ResolveContext } from "../resolve/resolve-version.ts";
import { wantedText, type Wanted } from "../resolve/spec.ts";
import { verifyInstalled } from "../verify/verify-installed.ts";
import { describedOf, NOTHING_GRANTED, versionOf, type ChangePlan, type PluginChange, type Target } from "./change-plan.ts";
import { contractSource, lockOf, projectFacts, type PlanContext } from "./context.ts";
import { localFolder, localTarball } from "./local.ts";
import { understand, type Wish } from "./wishes.ts";

export interface InstallWish {
  /** As typed: `s3`, `s3@^1.2`, `@acme/x`, `./x-1.0.0.tgz`, `./packages/x`. */
  readonly specs: readonly string[];
  /** Leaves out what is only planned. */
  readonly available?: boolean | undefined;
}

/**
 * What an installation would do. What is pinned already, fits what was asked for and is installed as it was pinned stays, without a question to a
 * registry; where its files were changed that very version is installed again.
 *
 * @throws MLS8401, MLS8421, MLS8422; what the registry throws; where nothing fits the codes of `resolveVersion`; MLS8202 for a tarball;
 * MLS8401 a folder is not in the project's workspace
 */
export async function planInstall(wish: InstallWish, context: PlanContext): Promise<ChangePlan> {
  const { packages, tarballs, folders, builtIn, planned } = await understand(wish.specs, context, wish);
  const lock = lockOf(context);
  const kept: { name: string; version: string }[] = [];
  const jobsOf: Job[] = [];
  for (const one of packages) {
    const locked = lock.plugins[one.name];
    const found = context.installed.find(({ name }) => name === one.name);
    const isPinned = locked !== undefined && found?.version === locked.version && fits(locked.version, one.wanted);
    if (!isPinned) jobsOf.push({ name: one.name, find: async (c) => fromRegistry(one, context, c) });
    else if (locked.source !== "registry" || !MlstackError.is(await verifyInstalled(one.name, locked, found), "MLS8204")) kept.push({ name: one.name, version: locked.version });
    else jobsOf.push({ name: one.name, find: async (c) => onceMore(one.name, locked, context, c) });
  }
  const local = await Promise.all([...tarballs.map(async (path) => localTarball(path)), ...folders.map(async (path) => localFolder(path, context))]);
  kept.push(...local.filter(({ stays }) => stays).map(({ name, version }) => ({ name, version })));
  const jobs: readonly Job[] = [
    ...local.filter(({ stays }) => !stays),
    ...jobsOf,
  ];
  const twice = jobs.find(({ name }, i) => jobs.findIndex((j) => j.name === name) !== i);
  if (twice !== undefined) throw new MlstackError("MLS8401", `${twice.name} is asked for twice, from different places`, { fix: "name it once", details: { package: twice.name } });
  return { changes: await together(jobs, context), kept: sorted(kept), builtIn, planned, lock: context.lock };
}

export interface UpgradeWish {
  /** Names as typed; empty for all that are pinned from a registry. */
  readonly names: readonly string[];
  /** Goes past the next major version, too. */
  readonly major?: boolean | undefined;
  /** This version, range or tag, of the one that is named. */
  readonly to?: Wanted | undefined;
}

/**
 * What an upgrade would do: the newest version that fits, within what semver calls compatible with the pinned one. Nothing goes back, unless to a
 * version that was named.
 *
 * @throws MLS8421 for what is not pinned; as `planInstall` does
 */
export async function planUpgrade(wish: UpgradeWish, context: PlanContext): Promise<ChangePlan> {
  const lock = lockOf(context);
  const names = wish.names.length === 0 ? Object.keys(lock.plugins).filter((name) => lock.plugins[name]!.source === "registry") : await pinnedNames(wish.names, context);
  const kept: { name: string; version: string }[] = [];
  const jobs: Job[] = [];
  for (const name of names) {
    const locked = lock.plugins[name]!;
    const wanted = wish.to ?? compatible(locked, wish.major === true);
    if (locked.source !== "registry") kept.push({ name, version: locked.version });
    else jobs.push({ name, find: async (c) => fromRegistry({ name, wanted }, context, c) });
  }
  const changes = await together(jobs, context);
  const moves = ({ before, target }: PluginChange): boolean => before === undefined || target === undefined || (wish.to === undefined ? gt(versionOf(target), before.version) : versionOf(target) !== before.version);
  return { changes: changes.filter(moves), kept: sorted([...kept, ...changes.filter((c) => !moves(c)).map(({ name, before }) => ({ name, version: before!.version }))]), builtIn: [], planned: [], lock: context.lock };
}

/** @throws MLS8421 for what is neither pinned nor installed */
export async function planUninstall(names: readonly string[], context: Pick<PlanContext, "catalog" | "cwd" | "lock" | "installed">): Promise<ChangePlan> {
  const lock = lockOf(context);
  const changes = (await pinnedNames(names, context)).map((name): PluginChange => ({ kind: "remove", name, before: lock.plugins[name], target: undefined, why: "asked for", passedOver: [], exceptions: [], granted: NOTHING_GRANTED, widened: [], contracts: contractsBetween(lock.plugins[name]?.contracts ?? [], []), configChanged: false, installScript: false }));
  return { changes: sorted(changes), kept: [], builtIn: [], planned: [], lock: context.lock };
}

/** Versions that a pinned one may be upgraded to. */
export function compatible({ version }: Pick<LockedPlugin, "version">, major: boolean): Wanted {
  return major ? { kind: "any" } : { kind: "range", range: `^${version}` };
}

type Found = Pick<PluginChange, "why" | "passedOver" | "exceptions"> & { readonly target: Target };
interface Job { readonly name: string; readonly find: (context: ResolveContext) => Promise<Found> }

/**
 * Finds versions for all. One may bring the contract that another one is written for, in whatever order they were named: they are looked for again, each with
 * what all of them bring, until that changes no more.
 */
async function together(jobs: readonly Job[], context: PlanContext): Promise<PluginChange[]> {
  let brought: readonly ContractSource[] = [];
  for (let round = 0; ; round++) {
    const changes: PluginChange[] = [];
    let refused: unknown;
    for (const { name, find } of jobs) {
      const before = lockOf(context).plugins[name];
      try { changes.push(changeOf(name, before, await find({ project: projectFacts(context, brought), policy: context.policy, now: context.now, hasProvenance: before?.trust.provenance }))); } catch (e) {
        if (!MlstackError.is(e, "MLS2002") && !MlstackError.is(e, "MLS2003")) throw e;
        refused ??= e;
      }
    }
    const now = changes.map(({ name, target }) => contractSource({ name, version: versionOf(target!), manifest: target!.manifest })).filter(({ contracts }) => contracts.length > 0);
    // versions only come to an end; should two hold each other up for ever, what was found last is what they say
    if (JSON.stringify(now) !== JSON.stringify(brought) && round <= jobs.length) { brought = now; continue; }
    if (refused !== undefined) throw refused;
    return sorted(changes);
  }
}

function changeOf(name: string, before: LockedPlugin | undefined, found: Found): PluginChange {
  const { target } = found;
  const { manifest, hasInstallScript: installScript } = describedOf(target);
  const { capabilities: granted, contracts, configSchema } = manifestFacts(manifest);
  return { kind: before === undefined ? "add" : "change", name, before, ...found, granted, widened: permissionsBeyond(before?.capabilities ?? NOTHING_GRANTED, granted), contracts: contractsBetween(before?.contracts ?? [], contracts), configChanged: before !== undefined && before.configSchema !== configSchema, installScript };
}

function contractsBetween(before: readonly string[], after: readonly string[]): PluginChange["contracts"] {
  const [lost, gained] = [before.filter((c) => !after.includes(c)), after.filter((c) => !before.includes(c))];
  const typeOf = (contract: string): string => contract.replace(/@.*/, "");
  const only = (list: readonly string[], type: string): boolean => list.filter((c) => typeOf(c) === type).length === 1;
  const moved = lost.flatMap((from) => gained.filter((to) => typeOf(to) === typeOf(from) && only(lost, typeOf(from)) && only(gained, typeOf(from))).map((to) => ({ from, to })));
  return { gained: gained.filter((c) => !moved.some(({ to }) => to === c)), lost: lost.filter((c) => !moved.some(({ from }) => from === c)), moved };
}

async function fromRegistry({ name, wanted }: Wish, { registry }: PlanContext, context: ResolveContext): Promise<Found> {
  const { version, manifest, passedOver, exceptions } = resolveVersion(await registry.document(name), wanted, context);
  return { target: { source: "registry", version, manifest }, why: wanted.kind === "version" ? "asked for" : `the newest ${wanted.kind === "any" ? "" : `${wanted.kind === "range" ? "of " : ""}${wantedText(wanted)} `}that fits`, passedOver, exceptions };
}

/** What is pinned, by the exceptions that it was let in by. */
async function onceMore(name: string, { version, trust }: LockedPlugin, context: PlanContext, resolve: ResolveContext): Promise<Found> {
  const policy = trust.cooldown === undefined ? resolve.policy : { ...resolve.policy, allowFresh: [...resolve.policy.allowFresh ?? [], name] };
  return { ...await fromRegistry({ name, wanted: { kind: "version", version } }, context, { ...resolve, policy }), why: "as pinned: what is installed is not that any more" };
}

/** Packages that the lock or the project has, by their names in the catalog or their own. */
async function pinnedNames(names: readonly string[], context: Pick<PlanContext, "catalog" | "cwd" | "lock" | "installed">): Promise<string[]> {
  const present = new Set([...Object.keys(lockOf(context).plugins), ...context.installed.filter(({ source }) => source !== "built-in").map(({ name }) => name)]);
  const found = await Promise.all(names.map(async (name) => {
    if (present.has(name)) return [name];
    const meant = (await understand([name], context, { available: true })).packages.map((p) => p.name).filter((one) => present.has(one));
    if (meant.length > 0) return meant;
    throw new MlstackError("MLS8421", `${name} is not installed here`, { why: present.size === 0 ? "this project has no integrations" : `this project has ${[...present].toSorted().join(", ")}`, fix: "mlstack integration list --installed shows them", details: { asked: name } });
  }));
  return [...new Set(found.flat())];
}

function fits(version: string, wanted: Wanted): boolean {
  return wanted.kind === "any" || (wanted.kind === "version" ? wanted.version === version : wanted.kind === "range" && satisfies(version, wanted.range));
}

function sorted<T extends { readonly name: string }>(list: readonly T[]): T[] {
  return list.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
