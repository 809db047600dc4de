import { MlstackError } from "@mlstack/core/errors";
import type { LockedPlugin } from "../lock/lock.ts";
import type { Registry } from "../registry/registry.ts";
import { checkTarball, type CheckedTarball } from "../tarball/check-tarball.ts";
import { filesDigest } from "../tarball/files-digest.ts";
import { contradiction } from "./differences.ts";

/**
 * Holds a lock's entry against its registry: that it has this version, and that its bytes are still those that were pinned.
 *
 * @returns MLS8402 there is no such version any more; MLS8201 its bytes are others than those that were pinned; MLS8208 they are those, and
 * the lock says something else of them; MLS8406 it had provenance when it was pinned, and has none; undefined where all is well
 * @throws what the registry throws; MLS8202, MLS8203
 */
export async function registryProblem(name: string, locked: LockedPlugin, registry: Registry): Promise<MlstackError | undefined> {
  const { versions } = await registry.document(name);
  const version = versions.find((each) => each.version === locked.version);
  if (version === undefined) return new MlstackError("MLS8402", `${name}@${locked.version} is in mlstack.lock, and its registry has it no more`, { why: "it was taken back, or this is another registry", fix: `mlstack integration upgrade ${name}`, details: { package: name, version: locked.version } });
  const found = await checkTarball(await registry.tarball(version), `${name}@${locked.version}`, version);
  const problem = pinnedProblem(name, locked, found);
  if (problem !== undefined || locked.trust.provenance === version.provenance) return problem;
  if (version.provenance) return edited(name, locked, "trust.provenance", "its registry has a proof of where it was built, and the lock says that there was none: then one that lacks it would go by unseen");
  return new MlstackError("MLS8406", `${name}@${locked.version} had a proof of where it was built when it was pinned, and its registry has none`, { why: "it was taken away, this is another registry, or a mirror that leaves it out", fix: "ask the registry that it was pinned from: npm config list shows which one is asked", details: { package: name, version: locked.version } });
}

/**
 * Holds a lock's entry against the tarball of that version.
 *
 * @returns MLS8201 or MLS8208, as `registryProblem`
 */
export function pinnedProblem(name: string, locked: LockedPlugin, found: CheckedTarball): MlstackError | undefined {
  const isFiles = filesDigest(found.files) === locked.files;
  const onlyOne = (right: string): string => `of integrity and files, which are both of the same tarball, only ${right} is right: the lock was edited by hand`;
  if (found.integrity === locked.integrity) return isFiles ? contradiction(name, locked, found.package) : edited(name, locked, "files", onlyOne("the integrity"));
  return isFiles ? edited(name, locked, "integrity", onlyOne("the files' digest")) : republished(name, locked, found.integrity);
}

function edited(name: string, locked: LockedPlugin, fact: "files" | "integrity" | "trust.provenance", why: string): MlstackError {
  return new MlstackError("MLS8208", `mlstack.lock contradicts ${name}@${locked.version}: ${fact}`, {
    why, fix: "take mlstack.lock back from version control, or write it anew and look at the difference: mlstack integration lock", details: { package: name, version: locked.version, differs: [fact] },
  });
}

function republished(name: string, { version, integrity }: LockedPlugin, found: string): MlstackError {
  return new MlstackError("MLS8201", `the tarball of ${name}@${version} is not the one that was pinned: the bytes have ${found}, pinned was ${integrity ?? "none"}`, {
    why: "the registry has other bytes under that version than when it was pinned; versions are never changed by those who publish them",
    fix: `do not install it; find out from its authors what happened, then choose another version. Where they are right: mlstack integration uninstall ${name}, and install it again`, details: { package: name, version },
  });
}
