import { randomUUID } from "node:crypto";
import type { ConformanceSuite } from "@mlstack/testkit/conformance";
import { cases } from "./cases.ts";
import type { VectorIndexContext, VectorIndexSubject } from "./subject.ts";

export { badIndexes, type BadIndex } from "./known-bads.ts";
export type { VectorIndexContext, VectorIndexSubject } from "./subject.ts";

/** What every flavor of acme.vector_index@1 has to keep. Each case works in a collection of its own, and drops it. */
export const vectorIndexSuite: ConformanceSuite<VectorIndexSubject, VectorIndexContext, never> = {
  contract: "acme.vector_index@1",
  cases,
  async within(subject, id, use) {
    const index = await subject.open();
    const collection = `conformance-${id.replaceAll(".", "-")}-${randomUUID().slice(0, 8)}`;
    try { return await use({ index, open: () => subject.open(), collection }); } finally {
      await index.drop(collection);
      await index.dispose?.();
    }
  },
  lacks: () => undefined,
};
