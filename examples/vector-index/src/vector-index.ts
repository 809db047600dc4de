import type { CallOptions, Component } from "@mlstack/core";

/** A vector under an id, and what is to be found again with it. */
export interface IndexedVector {
  readonly id: string;
  readonly vector: readonly number[];
  readonly text?: string | undefined;
}

export interface Match {
  readonly id: string;
  /** The distance by the index's metric: 0 for the very same vector, never negative. */
  readonly distance: number;
  readonly text?: string | undefined;
}

/**
 * Vectors in collections, and those that are the nearest to one. Version 1 is frozen: what comes later is optional, or version 2.
 *
 * A method rejects with MLS6001 where a service does not serve at the moment, and with MLS6003 for what a repetition will not change.
 */
export interface VectorIndex extends Component {
  readonly contract: "acme.vector_index@1";
  /** What distances are measured by. */
  readonly metric: "cosine" | "euclidean";
  /**
   * Adds vectors to a collection, which is made by that; one under an id that is there is replaced. All of them or none: a reader never sees a part.
   *
   * @throws MLS6003 for vectors of another length than those that the collection has, empty ones, and numbers that are not finite
   */
  upsert(collection: string, vectors: readonly IndexedVector[], options?: CallOptions): Promise<void>;
  /**
   * The nearest first, those of the same distance by their ids; at most `count`. Nothing of a collection that is not there.
   *
   * @throws MLS6003 for a vector of another length, and for a count below 1
   */
  nearest(collection: string, vector: readonly number[], count: number, options?: CallOptions): Promise<readonly Match[]>;
  /** Removes vectors; what is not there is removed already. */
  remove(collection: string, ids: readonly string[], options?: CallOptions): Promise<void>;
  /** Removes a collection with all that it has. */
  drop(collection: string, options?: CallOptions): Promise<void>;
}

declare module "@mlstack/core" {
  // a step that says `requires: { "acme.vector_index": true }` is handed one, typed
  interface ComponentTypes {
    "acme.vector_index": VectorIndex;
  }
}
