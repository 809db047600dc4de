import { MlstackError } from "@mlstack/core";
import type { ContentSpace } from "./content-space.ts";
import { fileState } from "./file-state.ts";

/** A content space as one step reads it: what the step has read can be made sure of afterwards. */
export interface TrackedReads {
  readonly content: ContentSpace;
  /**
   * Sees to it that everything that was read was what its digest says: a stream is compared at its end, so one that was left early is read
   * to its end here; a blob that is used in place is compared again if somebody has written to it.
   *
   * @throws MLS3002
   */
  settle(): Promise<void>;
}

export function trackedReads(content: ContentSpace): TrackedReads {
  const unread = new Set<string>();
  const inPlace = new Map<string, { readonly path: string; readonly state: string }>();
  return {
    content: {
      ...content,
      async *stream(digest) {
        unread.add(digest);
        yield* content.stream(digest);
        unread.delete(digest);
      },
      async inPlace(digest) {
        const path = await content.inPlace(digest);
        if (path !== undefined) inPlace.set(digest, { path, state: fileState(path) });
        return path;
      },
    },
    async settle() {
      for (const [digest, { path, state }] of inPlace) if (fileState(path) !== state) unread.add(digest);
      for (const digest of unread) {
        try { for await (const piece of content.stream(digest)) void piece; } catch (e) {
          // one that is gone by now: nobody can tell what it was
          if (MlstackError.is(e, "MLS3001")) throw new MlstackError("MLS3002", `the stored blob ${digest} went away while a step was reading it`, { fix: "run again when nobody clears the store", cause: e });
          throw e;
        }
      }
    },
  };
}
