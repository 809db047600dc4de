import { filesDigest } from "../tarball/files-digest.ts";
import type { CheckedTarball } from "../tarball/check-tarball.ts";
import type { DescribedPackage } from "../tarball/package-json.ts";
import type { LockedPlugin, LockSource, LockTrust } from "./lock.ts";
import { manifestFacts } from "./manifest-facts.ts";

/** What the lock gets of an integration. */
export function lockEntry(found: { readonly package: DescribedPackage; readonly source: LockSource; readonly tarball?: Pick<CheckedTarball, "files" | "integrity"> | undefined; readonly trust: LockTrust; readonly tree?: LockedPlugin["tree"] }): LockedPlugin {
  const { package: described, source, tarball, trust, tree } = found;
  const node = described.engines["node"];
  return {
    version: described.version, source, ...(tarball !== undefined && { integrity: tarball.integrity, files: filesDigest(tarball.files) }),
    ...manifestFacts(described.manifest), ...(node !== undefined && { node }), trust, ...(tree !== undefined && { tree }),
  };
}
