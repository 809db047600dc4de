import { readFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import type { PluginPackage } from "@mlstack/core";
import { MlstackError } from "@mlstack/core/errors";
import { lockEntry } from "../lock/lock-entry.ts";
import type { Lock, LockedPlugin } from "../lock/lock.ts";
import type { Registry } from "../registry/registry.ts";
import { isPublished } from "../resolve/published.ts";
import { checkTarball } from "../tarball/check-tarball.ts";
import { packageOf } from "../tarball/package-json.ts";
import { verifyInstalled } from "../verify/verify-installed.ts";
import { pinnedProblem } from "../verify/verify-registry.ts";

/**
 * The lock of what is installed: each integration is held against the tarball that it comes from. Entries that hold are kept as they are, with what was
 * agreed to; trees are not in it.
 *
 * @param before the lock as it is
 * @throws MLS8204 what is installed is not what its registry has; MLS8201 its registry has other bytes under that version than were pinned; what the registry throws
 */
export async function pinInstalled(projectDir: string, installed: readonly PluginPackage[], before: Lock, registry: Registry): Promise<Lock> {
  const specs = await dependenciesOf(projectDir);
  const entries: [string, LockedPlugin][] = [];
  for (const pkg of installed.filter(({ source }) => source !== "built-in")) {
    const known = before.plugins[pkg.name];
    const holds = known !== undefined && (await verifyInstalled(pkg.name, known, pkg)) === undefined;
    entries.push([pkg.name, holds ? known : await pinned(projectDir, pkg, specs[pkg.name] ?? "", known, registry)]);
  }
  return { plugins: Object.fromEntries(entries) };
}

async function pinned(projectDir: string, pkg: PluginPackage, spec: string, known: LockedPlugin | undefined, registry: Registry): Promise<LockedPlugin> {
  const { name, dir, source } = pkg;
  if (source === "linked") {
    const isOverride = known === undefined ? await isPublished(name, registry) === true : known.source === "registry" || known.trust.override !== undefined;
    return lockEntry({ package: packageOf(await readFile(join(dir, "package.json"), "utf8"), name), source: "workspace", trust: { provenance: false, ...(isOverride && { override: "accepted" as const }) } });
  }
  const file = /^file:(.+\.(?:tgz|tar\.gz))$/.exec(spec)?.[1];
  const found = file === undefined ? await fromRegistry(pkg, registry) : { tarball: await checkTarball(await readFile(resolve(projectDir, file)), basename(file), undefined), provenance: false };
  const trust = known?.trust;
  // an entry that contradicts the package is written anew; bytes that are others than those that were pinned are not pinned by the way
  const republished = known?.source === "registry" && file === undefined && known.version === found.tarball.package.version ? pinnedProblem(name, known, found.tarball) : undefined;
  if (MlstackError.is(republished, "MLS8201")) throw republished;
  const exceptions = trust === undefined ? {} : { cooldown: trust.cooldown, lostProvenance: trust.lostProvenance };
  const entry = lockEntry({ package: found.tarball.package, source: file === undefined ? "registry" : "tarball", tarball: found.tarball, trust: { ...exceptions, provenance: found.provenance } });
  const problem = await verifyInstalled(name, entry, pkg, found.tarball.files);
  if (problem !== undefined) throw problem;
  return entry;
}

async function fromRegistry({ name, version }: PluginPackage, registry: Registry) {
  const found = (await registry.document(name)).versions.find((v) => v.version === version);
  if (found === undefined) throw new MlstackError("MLS8402", `${name}@${version} is installed, and its registry does not have it`, { why: "what is pinned is held against what its registry has", fix: `mlstack integration install ${name}`, details: { package: name, version } });
  return { tarball: await checkTarball(await registry.tarball(found), `${name}@${version}`, found), provenance: found.provenance };
}

async function dependenciesOf(projectDir: string): Promise<Readonly<Record<string, string>>> {
  const json = JSON.parse((await readFile(join(projectDir, "package.json"), "utf8")).replace(/^\uFEFF/, "")) as Record<string, Record<string, string> | undefined>;
  return { ...json["optionalDependencies"], ...json["devDependencies"], ...json["dependencies"] };
}
