import type { ArtifactStore } from "@mlstack/core";

/** A store that results may lie in, opened when it is first asked. */
export interface NamedStore {
  /** As a person knows it: the component's name and flavor. */
  readonly name: string;
  open(): Promise<ArtifactStore>;
}
