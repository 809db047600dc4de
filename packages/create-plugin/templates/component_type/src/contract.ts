import type { CallOptions, Component, ContractDescriptor } from "@mlstack/core";

/**
 * Vectors by their ids, and which of them are nearest to another one.
 *
 * Every method rejects with MLS6001 when the service does not serve at the moment, MLS6002 when the credentials do not allow it, and MLS6003 for any
 * other refusal, which a repetition does not change. An aborted call rejects with the signal's reason.
 *
 * @experimental until a second flavor has passed its conformance suite
 */
export interface VectorIndex extends Component {
  readonly contract: "acme.vector_index@1";
  /**
   * Keeps vectors; one that has the id of another takes its place. When it resolves all of them are found, by every process.
   *
   * @throws MLS6003, and keeps none, when their lengths differ among each other or from those that are there, or a number is not finite
   */
  upsert(items: readonly VectorItem[], options?: CallOptions): Promise<void>;
  /**
   * The vectors nearest to one, by the cosine of their angle, the nearest first; of equally near ones the one with the smaller id.
   *
   * @param k how many at most; from 1
   * @throws MLS6003 for a vector of another length than those that are there
   */
  query(vector: readonly number[], k: number, options?: CallOptions): Promise<readonly VectorMatch[]>;
  /** Removes vectors; removing what is not there is no error. */
  delete(ids: readonly string[], options?: CallOptions): Promise<void>;
}

export interface VectorItem {
  readonly id: string;
  readonly vector: readonly number[];
}

export interface VectorMatch {
  readonly id: string;
  /** From -1 to 1; 1 for the same direction. */
  readonly similarity: number;
}

// what makes it a component type: steps that require it get a VectorIndex, and other packages may bring flavors of it
declare module "@mlstack/core" {
  interface ComponentTypes {
    "acme.vector_index": VectorIndex;
  }
}

/** The last version is the one that steps get. A change that breaks flavors is a new version, and `upgrade` wraps the older ones. */
export const vectorIndexContract: ContractDescriptor = { type: "acme.vector_index", accepts: [1], stability: "experimental" };
