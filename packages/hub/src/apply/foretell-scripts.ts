import { existsSync } from "node:fs";
import { MlstackError } from "@mlstack/core/errors";
import satisfies from "semver/functions/satisfies.js";
import maxSatisfying from "semver/ranges/max-satisfying.js";
import validRange from "semver/ranges/valid.js";
import { z } from "zod";
import { installedIn } from "../package-manager/installed.ts";
import type { PackageManager } from "../package-manager/types.ts";
import { versionOf, type ChangePlan, type Target } from "../plan/change-plan.ts";
import { sixAtOnce } from "../registry/at-once.ts";
import type { Registry } from "../registry/registry.ts";
import { scriptedBelow } from "./project-change.ts";

/** What would come along with a plan and might run something when it is installed, as far as that can be known before. */
export interface ForetoldScripts {
  /** Ids (`name@version`) of packages with an install script: what is added and all that it depends on, but for what integrations have depended on before. Ascending. */
  readonly scripts: readonly string[];
  /** Dependencies that nobody can look at before, as `name@spec`: of a git repository, a URL, or not in the cache and offline. Ascending. */
  readonly unknown: readonly string[];
}

const ranges = z.record(z.string(), z.string()).catch({}).default({});
const versionForm = z.looseObject({
  dependencies: ranges, optionalDependencies: ranges, peerDependencies: ranges, peerDependenciesMeta: z.record(z.string(), z.looseObject({ optional: z.boolean().optional().catch(undefined) })).catch({}).default({}),
  scripts: ranges, hasInstallScript: z.boolean().optional().catch(undefined), gypfile: z.boolean().optional().catch(undefined), bundleDependencies: z.array(z.string()).catch([]).default([]), bundledDependencies: z.array(z.string()).catch([]).default([]),
});
type VersionForm = z.output<typeof versionForm>;
const packumentForm = z.looseObject({ "dist-tags": ranges, versions: z.record(z.string(), z.unknown()).catch({}).default({}) });
type PackumentForm = z.output<typeof packumentForm>;

/** A dependency of something that would be installed. */
interface Need {
  readonly as: string;
  readonly spec: string;
  /** npm, pnpm and bun do without it where there is none; yarn says that there is none. */
  readonly optional: boolean;
}

/**
 * Walks through all that a plan's packages depend on, by what their registries say, and finds those with an install script. Versions are those that a
 * package manager would take: what its lock has where that fits (yarn asks anew for a range that its lock does not have), else the registry's `latest` where
 * that fits, else the newest that does. Managers differ in small things, and registries change: what comes along in the end is looked at again after it was
 * installed, without scripts.
 *
 * Asks for nothing but dependencies: a plan without any costs no request.
 *
 * @throws what the registry throws where it is in trouble
 */
export async function foretellScripts({ changes, lock }: Pick<ChangePlan, "changes" | "lock">, { registry, manager }: { readonly registry: Pick<Registry, "packument">; readonly manager: PackageManager }): Promise<ForetoldScripts> {
  const targets = changes.flatMap(({ name, target, installScript }) => (target === undefined ? [] : [{ name, target, installScript }]));
  if (targets.length === 0) return { scripts: [], unknown: [] };
  const hasLock = existsSync(manager.lockFile);
  const [locked, before] = await Promise.all([hasLock ? manager.packages() : [], hasLock ? scriptedBelow(manager, Object.keys(lock?.plugins ?? {}), { absent: true }) : []]);
  const known = new Map<string, string[]>();
  for (const { name, version } of locked) if (version !== undefined) known.set(name, [...known.get(name) ?? [], version]);
  const installed = installedIn(manager.projectDir);
  const [scripts, unknown, seen] = [new Set<string>(), new Set<string>(), new Set<string>()];
  const packuments = new Map<string, Promise<PackumentForm>>();
  const packument = (name: string): Promise<PackumentForm> => {
    const asked = packuments.get(name) ?? registry.packument(name).then((raw) => packumentForm.catch({ "dist-tags": {}, versions: {} }).parse(raw));
    packuments.set(name, asked);
    return asked;
  };
  // a peer that the project has is nothing that comes along; yarn leaves peers to the project
  const isThere = (name: string): boolean => manager.name === "yarn" || known.has(name) || installed.dependencyOf(undefined, name) !== undefined;

  async function versionFor(name: string, spec: string): Promise<string | undefined> {
    const there = manager.name === "yarn" ? null : maxSatisfying(known.get(name) ?? [], spec);
    if (there !== null) return there;
    const { "dist-tags": tags, versions } = await packument(name);
    if (validRange(spec) === null) return tags[spec];
    const latest = tags["latest"];
    return latest !== undefined && satisfies(latest, spec) ? latest : maxSatisfying(Object.keys(versions), spec) ?? undefined;
  }

  /** @returns what it depends on in turn */
  async function look({ as, spec, optional }: Need): Promise<readonly Need[]> {
    const from = wantedFrom(as, spec);
    if (from === undefined) {
      unknown.add(`${as}@${spec}`);
      return [];
    }
    try {
      const version = await versionFor(from.name, from.range);
      const id = `${from.name}@${version ?? ""}`;
      if (version === undefined || seen.has(id)) {
        if (version === undefined && !optional) unknown.add(`${as}@${spec}`);
        return [];
      }
      seen.add(id);
      const form = versionForm.safeParse((await packument(from.name)).versions[version]).data;
      if (form === undefined) {
        unknown.add(id);
        return [];
      }
      if (hasScript(form)) scripts.add(id);
      for (const bundled of bundledIn(form)) unknown.add(`${bundled} in ${id}`);
      return needsOf(form, isThere);
    } catch (e) {
      if (!MlstackError.is(e, "MLS8102") && !MlstackError.is(e, "MLS8105")) throw e;
      if (!optional || MlstackError.is(e, "MLS8105")) unknown.add(`${as}@${spec}`);
      return [];
    }
  }

  let open: Need[] = [];
  for (const { name, target, installScript } of targets) {
    // as the subtree of a package manager's lock calls it
    const id = `${name}@${target.source === "workspace" ? "workspace" : versionOf(target)}`;
    if (installScript) scripts.add(id);
    seen.add(id);
    open.push(...await ownNeeds(target, packument, isThere));
  }
  while (open.length > 0) {
    const next: Need[] = [];
    await sixAtOnce(open, async (need) => { next.push(...await look(need)); });
    open = next;
  }
  for (const { id } of before) scripts.delete(id);
  return { scripts: [...scripts].sort(order), unknown: [...unknown].sort(order) };
}

/** Of what is added itself; whether it can do without a peer only the registry's whole answer says. */
async function ownNeeds(target: Target, packument: (name: string) => Promise<PackumentForm>, isThere: (name: string) => boolean): Promise<readonly Need[]> {
  if (target.source !== "registry") {
    const { dependencies, peerDependencies, optionalPeers } = target.source === "tarball" ? target.tarball.package : target.package;
    return needsOf(versionForm.parse({ dependencies, peerDependencies, peerDependenciesMeta: Object.fromEntries(optionalPeers.map((peer) => [peer, { optional: true }])) }), isThere);
  }
  const { name, version, dependencies, peerDependencies } = target.version;
  if (Object.keys(dependencies).length === 0 && Object.keys(peerDependencies).every(isThere)) return [];
  const raw = await packument(name).catch((e: unknown) => {
    if (!MlstackError.is(e, "MLS8105")) throw e;
    return undefined;
  });
  return needsOf(versionForm.safeParse(raw?.versions[version]).data ?? versionForm.parse({ dependencies }), isThere);
}

function needsOf(form: VersionForm, isThere: (name: string) => boolean): Need[] {
  const bundled = bundledIn(form);
  const peers = Object.entries(form.peerDependencies).filter(([name]) => form.peerDependenciesMeta[name]?.optional !== true && !isThere(name));
  const own = Object.entries({ ...form.dependencies, ...form.optionalDependencies }).filter(([as]) => !bundled.has(as));
  // who provides a peer is the project's business: a manager that can't find one says so itself
  return [...own.map(([as, spec]) => ({ as, spec, optional: form.optionalDependencies[as] !== undefined })), ...peers.map(([as, spec]) => ({ as, spec, optional: true }))];
}

const bundledIn = ({ bundleDependencies, bundledDependencies }: VersionForm): ReadonlySet<string> => new Set([...bundleDependencies, ...bundledDependencies]);

/** The registry of npm says it where there is one; others have the package's own words. */
function hasScript({ hasInstallScript, scripts, gypfile }: VersionForm): boolean {
  return hasInstallScript === true || gypfile === true || ["preinstall", "install", "postinstall"].some((script) => scripts[script] !== undefined);
}

/** `npm:other@^1` is another package under this name. Undefined for what no registry has. */
function wantedFrom(as: string, spec: string): { readonly name: string; readonly range: string } | undefined {
  const alias = /^npm:(@?[^@]+)(?:@(.*))?$/.exec(spec);
  if (alias !== null) return { name: alias[1]!, range: alias[2] ?? "*" };
  return /[/:]/.test(spec) ? undefined : { name: as, range: spec };
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
