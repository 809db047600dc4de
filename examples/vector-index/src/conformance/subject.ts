import type { VectorIndex } from "../vector-index.ts";

/** What is under test. */
export interface VectorIndexSubject {
  /** Another object for the same index each time, as another process has it. */
  open(): Promise<VectorIndex>;
}

/** What a case works with. */
export interface VectorIndexContext {
  readonly index: VectorIndex;
  open(): Promise<VectorIndex>;
  /** A collection of the case's own, which is dropped afterwards. */
  readonly collection: string;
}
