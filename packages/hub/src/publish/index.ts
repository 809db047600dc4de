export { changedSincePacked, packFolder, type PackedPackage, type PublishRun } from "./pack-folder.ts";
export { notSignedUnasked, provenanceSource, type ProvenanceSource } from "./provenance.ts";
export { publishPackage, publishTarget, readBack, type PublishOptions, type PublishTarget, type ReadBack } from "./publish-package.ts";
export { withUnpacked } from "./unpacked.ts";
