import { existsSync, realpathSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { MlstackError } from "@mlstack/core/errors";
import type { LockedPackage, Subtree } from "../package-manager/types.ts";
import type { Registry } from "../registry/registry.ts";
import { fileDigests, folderDigest, type FileDigests } from "../tarball/files-digest.ts";
import { readTarball } from "../tarball/read-tarball.ts";
import { drift } from "./differences.ts";

/** A package that an integration depends on, and what is wrong with it. */
export interface DeepFinding {
  /** Such as `left@1.4.0`. */
  readonly id: string;
  /** Where it is installed; undefined where it is not. */
  readonly dir: string | undefined;
  /** MLS8201, MLS8202, MLS8204, MLS8207 or MLS8402; undefined where all is well, and for what this platform does without. */
  readonly problem: MlstackError | undefined;
}

/**
 * Compares everything that an integration depends on, transitively and byte by byte, with what the registry has under those versions: what no load looks
 * at. Every copy in node_modules is read, and every tarball that is not in the cache is fetched. The integration itself is not among it, nor are
 * packages of the workspace and what hangs on them alone. Of a package with an install script, which may have built something, files that
 * were added don't count.
 *
 * @param dir real path of the integration
 * @param tree of it, as the package manager's lock has it
 * @returns by id and folder
 * @throws what the registry throws where it can't be asked
 */
export async function verifyDeep(dir: string, tree: Subtree, registry: Registry): Promise<readonly DeepFinding[]> {
  const packages = new Map(tree.packages.map((pkg) => [pkg.id, pkg]));
  const places = new Map<string, { readonly pkg: LockedPackage; readonly dir: string | undefined }>();
  const walk = (id: string, at: string): void => {
    for (const { as, to } of tree.edges.filter(({ from }) => from === id)) {
      const pkg = packages.get(to);
      if (pkg?.version === undefined) continue;
      const found = dependencyOf(at, as);
      const key = `${to}\n${found ?? ""}`;
      if (places.has(key)) continue;
      places.set(key, { pkg, dir: found });
      if (found !== undefined) walk(to, found);
    }
  };
  walk(tree.root, dir);
  const published = new Map<string, Promise<FileDigests | MlstackError>>();
  const findings: DeepFinding[] = [];
  for (const place of places.values()) {
    if (place.dir === undefined) {
      findings.push({ id: place.pkg.id, dir: undefined, problem: undefined });
      continue;
    }
    const expected = published.get(place.pkg.id) ?? filesOf(place.pkg, registry);
    published.set(place.pkg.id, expected);
    const files = await expected;
    findings.push({ id: place.pkg.id, dir: place.dir, problem: MlstackError.is(files) ? files : await compared(place.pkg, place.dir, files) });
  }
  const key = ({ id, dir: at = "" }: DeepFinding): string => `${id}\n${at}`;
  return findings.sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** As Node finds it: in the nearest node_modules upward. */
function dependencyOf(from: string, name: string): string | undefined {
  for (let at = from; ; at = dirname(at)) {
    const candidate = join(at, "node_modules", name);
    if (existsSync(join(candidate, "package.json"))) return realpathSync(candidate);
    if (dirname(at) === at) return undefined;
  }
}

/** Of the tarball that the registry has. What it says of the bytes is a finding; that it can't be asked is not. */
async function filesOf({ id, name, version, integrity }: LockedPackage, registry: Registry): Promise<FileDigests | MlstackError> {
  const found = (await registry.document(name)).versions.find((each) => each.version === version);
  if (found === undefined) return new MlstackError("MLS8402", `${id} is in the package manager's lock, and its registry has it no more`, { why: "it was taken back, or this is another registry", fix: "update what depends on it", details: { package: name, version: version ?? null } });
  if (integrity !== undefined && found.integrity !== undefined && integrity !== found.integrity) {
    return new MlstackError("MLS8201", `${id} has other bytes in its registry than in the package manager's lock`, {
      why: `the lock has ${integrity}, the registry announces ${found.integrity}: one of both was replaced`, fix: "find out from its authors what happened, before anything is installed", details: { package: name, version: found.version },
    });
  }
  try { return fileDigests(await readTarball(await registry.tarball(found), id)); } catch (e) {
    if (MlstackError.is(e, "MLS8201") || MlstackError.is(e, "MLS8202")) return e;
    throw e;
  }
}

async function compared({ id, name, version, installScript }: LockedPackage, dir: string, expected: FileDigests): Promise<MlstackError | undefined> {
  const { version: installed } = JSON.parse(await readFile(join(dir, "package.json"), "utf8")) as { readonly version?: string };
  if (installed !== version) return drift(name, `${name}@${String(installed)} lies in ${dir}, the package manager's lock has ${id}`, "it was changed without the package manager", { found: String(installed), locked: version ?? null });
  let found: FileDigests;
  try { found = await folderDigest(dir); } catch (e) {
    if (MlstackError.is(e, "MLS8204")) return e;
    throw e;
  }
  const names = installScript === false ? new Set([...expected.keys(), ...found.keys()]) : new Set(expected.keys());
  const differs = [...names].filter((path) => expected.get(path) !== found.get(path)).toSorted();
  if (differs.length === 0) return undefined;
  return new MlstackError("MLS8204", `${id} was changed on disk: ${differs.slice(0, 5).join(", ")}${differs.length > 5 ? ` and ${differs.length - 5} more` : ""}`, {
    why: `the files in ${dir} are not those of its tarball`, fix: "remove node_modules, and install again from the lock", details: { package: name, version: version ?? null, dir, files: differs },
  });
}
