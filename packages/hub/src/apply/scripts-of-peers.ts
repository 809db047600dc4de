import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { installedIn } from "../package-manager/installed.ts";
import type { LockedPackage, PackageManager } from "../package-manager/types.ts";
import { manifestIn } from "../package-manager/workspace.ts";

const ranges = z.record(z.string(), z.string()).catch({}).default({});
const form = z.looseObject({ name: z.string(), version: z.string(), dependencies: ranges, optionalDependencies: ranges, peerDependencies: ranges });

/** Names of all packages that the project has, or asks for itself. @throws MLS8307 */
export async function namesIn(manager: PackageManager): Promise<ReadonlySet<string>> {
  const own = ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"].flatMap((field) => Object.keys(ranges.parse(manifestIn(manager.projectDir)[field])));
  const locked = existsSync(manager.lockFile) ? await manager.packages() : [];
  return new Set([...own, ...locked.map(({ name }) => name)]);
}

/**
 * Packages with an install script that are there for the sake of a peer: managers install peers that a project lacks, and no tree of a lock has them. They are
 * found on disk, as Node finds them.
 *
 * @param dir of the integration
 * @param known names of packages that the project had before: a peer among them is its own
 */
export function scriptsOfPeers(projectDir: string, dir: string, known: ReadonlySet<string>): readonly LockedPackage[] {
  const installed = installedIn(projectDir);
  const found = new Map<string, LockedPackage>();
  const seen = new Set<string>();
  const walk = (at: string, isOfPeer: boolean): void => {
    const key = `${at}\n${isOfPeer}`;
    const json = seen.has(key) ? undefined : packageJsonIn(at);
    seen.add(key);
    if (json === undefined) return;
    const { name, version, dependencies, optionalDependencies, peerDependencies } = json;
    if (isOfPeer && installed.installScript(at, name, version) === true) found.set(`${name}@${version}`, { id: `${name}@${version}`, name, version, integrity: undefined, installScript: true });
    const next = (as: string, viaPeer: boolean): void => {
      const to = installed.dependencyOf(at, as);
      if (to !== undefined) walk(to, viaPeer);
    };
    for (const as of Object.keys({ ...dependencies, ...optionalDependencies })) next(as, isOfPeer);
    for (const as of Object.keys(peerDependencies)) if (!known.has(as)) next(as, true);
  };
  walk(dir, false);
  return [...found.values()];
}

function packageJsonIn(dir: string): z.output<typeof form> | undefined {
  try { return form.safeParse(JSON.parse(readFileSync(join(dir, "package.json"), "utf8"))).data; } catch { return undefined; }
}
