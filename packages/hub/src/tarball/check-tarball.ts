import { MlstackError } from "@mlstack/core/errors";
import { integrityOf } from "../digest/integrity.ts";
import { comparePackage, type ExpectedPackage } from "./compare-package.ts";
import { fileDigests, type FileDigests } from "./files-digest.ts";
import { packageOf, type DescribedPackage } from "./package-json.ts";
import { readTarball } from "./read-tarball.ts";

/** A tarball that is safe to unpack and what it says that it is. */
export interface CheckedTarball {
  readonly package: DescribedPackage;
  readonly files: FileDigests;
  readonly integrity: string;
}

/**
 * Reads a tarball and holds it against what its registry says of it.
 *
 * @param what how messages call it
 * @param expected undefined for a tarball of the project's own, which is described by nobody else
 * @throws MLS8202 not safe to unpack, or with other packages in it; MLS8203 it says something else of itself
 */
export async function checkTarball(bytes: Uint8Array, what: string, expected: ExpectedPackage | undefined): Promise<CheckedTarball> {
  const files = await readTarball(bytes, what);
  const bundled = [...files.keys()].find((path) => path.startsWith("node_modules/"));
  if (bundled !== undefined) {
    throw new MlstackError("MLS8202", `the tarball of ${what} brings other packages along: ${bundled}`, {
      why: "what a package bundles is in no lock and no digest of installed files, and yarn and bun fetch it once more from the registry", fix: "do not install it, and tell its author: without bundleDependencies its dependencies are pinned like all others", details: { package: what, file: bundled },
    });
  }
  const text = files.get("package.json");
  const described = expected === undefined ? packageOf(text === undefined ? "" : Buffer.from(text).toString("utf8"), what, (path) => files.has(path)) : comparePackage(files, expected);
  return { package: described, files: fileDigests(files), integrity: integrityOf(bytes) };
}
