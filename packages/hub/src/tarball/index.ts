export { DEFAULT_LIMITS, readTarball, type PackageFiles, type TarballLimits } from "./read-tarball.ts";
export { filesDigest, fileDigests, folderDigest, type FileDigests } from "./files-digest.ts";
export { packageOf, type DescribedPackage } from "./package-json.ts";
export { comparePackage, type ExpectedPackage } from "./compare-package.ts";
export { checkTarball, type CheckedTarball } from "./check-tarball.ts";
