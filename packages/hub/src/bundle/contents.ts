import { MlstackError } from "@mlstack/core/errors";
import { CATALOG_PACKAGE } from "../catalog/read.ts";
import type { LockedPlugin } from "../lock/lock.ts";
import type { FetchedPackage, PackageManager } from "../package-manager/types.ts";
import type { PlanContext } from "../plan/context.ts";
import { planInstall } from "../plan/plan-install.ts";
import { versionOf } from "../plan/change-plan.ts";
import { sixAtOnce } from "../registry/at-once.ts";
import type { PackageVersion, Registry } from "../registry/registry.ts";
import { addVersion, addWithAll, isMissing, type Described, type Versions } from "./closure.ts";

/** What a bundle is to hold. */
export interface BundleWish {
  /** Integrations besides those that are pinned, as they are typed for `install`: the newest that fits, or what the range says. */
  readonly specs: readonly string[];
  /** Leaves out what is only planned. */
  readonly available?: boolean | undefined;
}

export interface BundleContents {
  readonly integrations: readonly { readonly package: string; readonly version: string; readonly pinned: boolean }[];
  readonly versions: Versions;
  /** What locks say of the bytes, by `name@version`. */
  readonly pinnedBytes: ReadonlyMap<string, string>;
  /** Packages that no registry has: git, URLs. They are not in the bundle. */
  readonly elsewhere: readonly string[];
  /** Integrations from tarballs and folders: they are files of the project already. */
  readonly local: readonly string[];
}

export interface ContentsContext {
  readonly plan: PlanContext;
  readonly manager: Pick<PackageManager, "packages" | "lockFile">;
  /** Whether the manager has a lock. */
  readonly isLocked: boolean;
  readonly registry: Pick<Registry, "identityOf">;
  readonly describe: (name: string) => Promise<Described>;
}

/**
 * Finds out what a bundle has to hold so that the project, and what is named besides, can be installed from nothing: all of the package manager's lock, for it
 * installs a project as a whole; the pinned integrations; what is named, with all that it needs; and the newest catalog that the registry serves.
 *
 * @throws MLS8207 nothing is pinned, and nothing named; as `planInstall`; MLS8201 a lock has other bytes than the registry; MLS8402 the registry has it no more;
 * MLS8307; what the registry throws
 */
export async function bundleContents(wish: BundleWish, { plan, manager, isLocked, registry, describe }: ContentsContext): Promise<BundleContents> {
  const pinned = Object.entries(plan.lock?.plugins ?? {});
  if (pinned.length === 0 && wish.specs.length === 0) throw new MlstackError("MLS8207", plan.lock === undefined ? "there is no mlstack.lock, and nothing was named" : "mlstack.lock has no integration, and nothing was named", { why: "a bundle holds what is pinned, and what is named besides", fix: "mlstack integration bundle export FILE NAME…, or pin first: mlstack integration lock" });
  const versions: Versions = new Map();
  const pinnedBytes = new Map<string, string>();
  const elsewhere = new Set<string>();
  const add = async ({ name, version, integrity, from }: FetchedPackage): Promise<void> => {
    const found = await inRegistry({ name, version, integrity, from }, describe, registry);
    if (found === undefined) { elsewhere.add(`${name}@${from ?? version ?? ""}`); return; }
    addVersion(versions, name, found.version);
    if (integrity?.startsWith("sha512-") === true) pinnedBytes.set(`${name}@${found.version}`, integrity);
  };
  await sixAtOnce(isLocked ? await manager.packages() : [], add);

  const ofRegistry = pinned.filter(([, locked]) => locked.source === "registry");
  const integrations = ofRegistry.map(([name, { version }]) => ({ package: name, version, pinned: true }));
  for (const [name, locked] of ofRegistry) await addPinned(name, locked, versions, describe, elsewhere);
  for (const [name, { version, integrity }] of ofRegistry) if (integrity !== undefined) pinnedBytes.set(`${name}@${version}`, integrity);

  for (const { name, version } of await named(wish, plan)) {
    if (!integrations.some((each) => each.package === name && each.version === version)) integrations.push({ package: name, version, pinned: false });
    for (const one of await addWithAll(versions, name, version, describe)) elsewhere.add(one);
  }
  const catalog = await newestCatalog(describe);
  if (catalog !== undefined) addVersion(versions, CATALOG_PACKAGE, catalog);
  const local = pinned.filter(([, locked]) => locked.source !== "registry").map(([name]) => name);
  return { integrations: integrations.toSorted((a, b) => order(a.package, b.package) || order(a.version, b.version)), versions, pinnedBytes, elsewhere: [...elsewhere].toSorted(), local: local.toSorted() };
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * A package of the package manager's lock as its registry has it; undefined for one that comes from elsewhere. The address alone does not tell: registries lay
 * tarballs where they like.
 */
async function inRegistry({ name, version, integrity, from }: FetchedPackage, describe: ContentsContext["describe"], registry: Pick<Registry, "identityOf">): Promise<PackageVersion | undefined> {
  if (version === undefined || (from !== undefined && !/^https?:/.test(from))) return undefined;
  let found: PackageVersion | undefined;
  try { found = (await describe(name)).document.versions.find((each) => each.version === version); } catch (e) {
    if (from === undefined || !MlstackError.is(e, "MLS8102")) throw e;
    return undefined;
  }
  const isOfRegistry = from === undefined || from === found?.tarball || new URL(from).host === registry.identityOf(name).split("/")[0];
  if (found === undefined) {
    if (!isOfRegistry) return undefined;
    throw new MlstackError("MLS8402", `${name}@${version} is in the package manager's lock, and its registry has it no more`, { why: "it was taken back, or this is another registry", fix: "update what depends on it", details: { package: name, version } });
  }
  const differs = integrity?.startsWith("sha512-") === true && found.integrity?.startsWith("sha512-") === true && integrity !== found.integrity;
  if (!differs) return found;
  if (!isOfRegistry) return undefined;
  throw otherBytes(`${name}@${version}`, "the package manager's lock", integrity, found.integrity);
}

async function addPinned(name: string, locked: LockedPlugin, versions: Versions, describe: ContentsContext["describe"], elsewhere: Set<string>): Promise<void> {
  const found = (await describe(name)).document.versions.find((each) => each.version === locked.version);
  if (found === undefined) throw new MlstackError("MLS8402", `${name}@${locked.version} is in mlstack.lock, and its registry has it no more`, { why: "it was taken back, or this is another registry", fix: `mlstack integration upgrade ${name}`, details: { package: name, version: locked.version } });
  if (found.integrity !== locked.integrity) throw otherBytes(`${name}@${locked.version}`, "mlstack.lock", locked.integrity, found.integrity);
  // what it needs is in the package manager's lock, unless that is another one's
  if (versions.get(name)?.has(locked.version) !== true) for (const one of await addWithAll(versions, name, locked.version, describe)) elsewhere.add(one);
}

/** @returns MLS8201 */
export function otherBytes(id: string, where: string, pinned: string | undefined, found: string | undefined): MlstackError {
  return new MlstackError("MLS8201", `${id} has other bytes than ${where} has`, { why: `pinned is ${pinned ?? "nothing"}, found was ${found ?? "nothing"}: one of both was replaced`, fix: "find out from its authors what happened, before anything is installed", details: { package: id } });
}

/** The integrations that were named, and their versions: as an installation into this project would choose them, whatever it has already. */
async function named({ specs, available }: BundleWish, plan: PlanContext): Promise<readonly { readonly name: string; readonly version: string }[]> {
  if (specs.length === 0) return [];
  const { changes } = await planInstall({ specs, available }, { ...plan, lock: undefined });
  const file = changes.find(({ target }) => target?.source !== "registry");
  if (file !== undefined) throw new MlstackError("MLS8401", `${file.name} is a file`, { why: "a bundle holds what registries have", fix: "copy the file along with the project" });
  return changes.map(({ name, target }) => ({ name, version: versionOf(target!) }));
}

/** A registry that has none is as good: then the catalog is the one that comes with mlstack. */
async function newestCatalog(describe: ContentsContext["describe"]): Promise<string | undefined> {
  try {
    const { distTags, versions } = (await describe(CATALOG_PACKAGE)).document;
    return versions.find(({ version }) => version === distTags["latest"])?.version;
  } catch (e) {
    if (isMissing(e)) return undefined;
    throw e;
  }
}
