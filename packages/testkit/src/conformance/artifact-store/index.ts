import type { ConformanceSuite } from "../suite.ts";
import { callCases } from "./call-cases.ts";
import { deleteCases } from "./delete-cases.ts";
import { externalCases } from "./external-cases.ts";
import { keyCases } from "./key-cases.ts";
import { putCases } from "./put-cases.ts";
import { readCases } from "./read-cases.ts";
import { withinStore, type ArtifactStoreContext, type ArtifactStoreSubject } from "./subject.ts";
import type { StoreNeed } from "./tools.ts";

const REASONS: Readonly<Record<StoreNeed, string>> = {
  createIfAbsent: "the store does not say that it creates atomically (createIfAbsent)", deleteIfVersion: "the store has no versions (deleteIfVersion)", touch: "the store has no touch", deleteMany: "the store has no deleteMany", localPath: "the store's objects lie in no files of this machine", check: "the store has no check",
  external: "the store reads nothing outside of it, or the test has no place outside", missing: "the test has no store at a missing place", denied: "the test has no store with wrong credentials", unreachable: "the test has no store that can't be reached",
};

function isThere(need: StoreNeed, { store, subject }: ArtifactStoreContext): boolean {
  switch (need) {
    case "createIfAbsent": case "deleteIfVersion": return store.capabilities[need];
    case "touch": case "deleteMany": case "localPath": case "check": return store[need] !== undefined;
    case "external": return store.external !== undefined && subject.external !== undefined;
    case "missing": return subject.openMissing !== undefined;
    case "denied": return subject.openDenied !== undefined;
    case "unreachable": return subject.openUnreachable !== undefined;
  }
}

/**
 * artifact_store@1, promise by promise. Not here, for they need a service that fails on demand: a refused `ifAbsent` after a lost answer, no space
 * (MLS3004), read-only and held objects (MLS3005), and checksums of damaged bytes.
 */
export const artifactStoreSuite: ConformanceSuite<ArtifactStoreSubject, ArtifactStoreContext, StoreNeed> = {
  contract: "artifact_store@1",
  cases: [...callCases, ...keyCases, ...putCases, ...readCases, ...deleteCases, ...externalCases],
  core: ["put.round-trip"],
  within: withinStore,
  lacks: (need, context) => (isThere(need, context) ? undefined : REASONS[need]),
};
