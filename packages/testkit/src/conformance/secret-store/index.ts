import type { ConformanceSuite } from "../suite.ts";
import { secretCallCases } from "./call-cases.ts";
import { setCases } from "./set-cases.ts";
import { withinSecretStore, type SecretStoreContext, type SecretStoreSubject } from "./subject.ts";
import type { SecretNeed } from "./tools.ts";
import { valueCases } from "./value-cases.ts";

const REASONS: Readonly<Record<SecretNeed, string>> = {
  put: "the store does not set values, and the test has no other way to put one there (outside)", set: "values are set elsewhere (set)", outside: "the test has no other way to put values there (outside)", list: "the store lists nothing (list)", check: "the store has no check",
  locked: "the test has no store with another key", damage: "the test can't damage what is kept", denied: "the test has no store with wrong credentials", unreachable: "the test has no store that can't be reached",
};

function isThere(need: SecretNeed, { store, subject }: SecretStoreContext): boolean {
  switch (need) {
    case "put": return store.set !== undefined || subject.outside !== undefined;
    case "set": case "list": case "check": return store[need] !== undefined;
    case "outside": return subject.outside !== undefined;
    case "locked": return subject.openLocked !== undefined;
    case "damage": return subject.damage !== undefined;
    case "denied": return subject.openDenied !== undefined;
    case "unreachable": return subject.openUnreachable !== undefined;
  }
}

/** secret_store@1, promise by promise. */
export const secretStoreSuite: ConformanceSuite<SecretStoreSubject, SecretStoreContext, SecretNeed> = {
  contract: "secret_store@1",
  cases: [...secretCallCases, ...valueCases, ...setCases],
  core: ["get.value"],
  within: withinSecretStore,
  lacks: (need, context) => (isThere(need, context) ? undefined : REASONS[need]),
};
