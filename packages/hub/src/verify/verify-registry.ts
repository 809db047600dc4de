import { MlstackError } from "@mlstack/core/errors";
import { integrityProblem } from "../digest/integrity.ts";
import type { LockedPlugin } from "../lock/lock.ts";
import type { PackageVersion, Registry } from "../registry/registry.ts";
import { checkTarball } from "../tarball/check-tarball.ts";
import { filesDigest } from "../tarball/files-digest.ts";
import { contradiction } from "./differences.ts";

/**
 * Holds a lock's entry against its registry: that it has this version, and that its bytes are still those that were pinned.
 *
 * @returns MLS8402 there is no such version any more; MLS8201 its bytes are others than those that were pinned; MLS8208 they are those, and
 * the lock says something else of them; undefined where all is well
 * @throws what the registry throws; MLS8202, MLS8203
 */
export async function registryProblem(name: string, locked: LockedPlugin, registry: Registry): Promise<MlstackError | undefined> {
  const { versions } = await registry.document(name);
  const version = versions.find((each) => each.version === locked.version);
  if (version === undefined) return new MlstackError("MLS8402", `${name}@${locked.version} is in mlstack.lock, and its registry has it no more`, { why: "it was taken back, or this is another registry", fix: `mlstack integration upgrade ${name}`, details: { package: name, version: locked.version } });
  const bytes = await registry.tarball(version);
  const found = await checkTarball(bytes, `${name}@${locked.version}`, version);
  const problem = integrityProblem(bytes, locked.integrity ?? "");
  const files = filesDigest(found.files);
  if (problem === undefined) return files === locked.files ? contradiction(name, locked, found.package) : edited(name, locked, "files");
  return files === locked.files ? edited(name, locked, "integrity") : republished(name, version, problem);
}

function edited(name: string, locked: LockedPlugin, fact: "files" | "integrity"): MlstackError {
  return new MlstackError("MLS8208", `mlstack.lock contradicts ${name}@${locked.version}: ${fact}`, {
    why: `of integrity and files, which are both of the same tarball, only ${fact === "files" ? "the integrity" : "the files' digest"} is right: the lock was edited by hand`,
    fix: "take mlstack.lock back from version control, or write it anew and look at the difference: mlstack integration lock", details: { package: name, version: locked.version, differs: [fact] },
  });
}

function republished(name: string, { version }: PackageVersion, problem: string): MlstackError {
  return new MlstackError("MLS8201", `the tarball of ${name}@${version} is not the one that was pinned: ${problem.replace("announced was", "pinned was")}`, {
    why: "the registry has other bytes under that version than when it was pinned; versions are never changed by those who publish them", fix: "do not install it; find out from its authors what happened, then choose another version", details: { package: name, version },
  });
}
