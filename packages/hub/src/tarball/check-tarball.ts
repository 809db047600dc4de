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
 * @throws MLS8202 not safe to unpack; MLS8203 it says something else of itself
 */
export async function checkTarball(bytes: Uint8Array, what: string, expected: ExpectedPackage | undefined): Promise<CheckedTarball> {
  const files = await readTarball(bytes, what);
  const text = files.get("package.json");
  const described = expected === undefined ? packageOf(text === undefined ? "" : Buffer.from(text).toString("utf8"), what, (path) => files.has(path)) : comparePackage(files, expected);
  return { package: described, files: fileDigests(files), integrity: integrityOf(bytes) };
}
