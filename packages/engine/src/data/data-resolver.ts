import { dirname } from "node:path";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import type { ArtifactStore, DataHandle, DataKind, DataPointer } from "@mlstack/core";
import { externalData } from "./external-data.ts";
import { localData } from "./local-data.ts";

/** External data as it was found when the run started. */
export interface ResolvedData {
  readonly pointer: DataPointer;
  /** For one attempt of a step on this machine. */
  open(): OpenData;
}

/** External data in the hands of one attempt of a step. */
export interface OpenData {
  readonly handle: DataHandle;
  /**
   * Whether the step may have read something else than the digest was made of, asked when it has ended. Data that it never read may change.
   *
   * @throws MLS3002 for a stored copy that is not what its digest says
   */
  changed(): Promise<boolean>;
}

export interface DataResolver {
  /** @throws MLS3010 when there is nothing, it is of another kind, or no store of the stack reads such a URI */
  resolve(kind: DataKind, uri: string): Promise<ResolvedData>;
  /** Keeps what was learned for the next run. */
  save(): void;
}

/** Digests by file or URI, with what told that it is unchanged. */
export interface DigestIndex {
  get(id: string, signature: string): string | undefined;
  set(id: string, signature: string, sha256: string): void;
}

/**
 * Resolves external data to its content: paths on this machine, and URIs that the stack's artifact store reads.
 *
 * @param indexPath a file that keeps digests from run to run
 * @param scratch where remote data is laid out when a step asks for its path
 */
export function dataResolver(projectDir: string, indexPath: string, store: () => Promise<ArtifactStore>, scratch: string): DataResolver {
  const known = readIndex(indexPath);
  const resolved = new Map<string, Promise<ResolvedData>>();
  let changed = false;
  const index: DigestIndex = {
    get: (id, signature) => (known[id]?.signature === signature ? known[id].sha256 : undefined),
    set(id, signature, sha256) { known[id] = { signature, sha256 }; changed = true; },
  };
  const find = (kind: DataKind, uri: string): Promise<ResolvedData> => {
    const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(uri)?.[1]?.toLowerCase();
    return scheme === undefined || scheme === "file" ? Promise.resolve().then(() => localData(projectDir, kind, uri, index)) : externalData(kind, uri, scheme, { store, index, scratch });
  };
  return {
    resolve(kind, uri) {
      const id = `${kind} ${uri}`;
      let data = resolved.get(id);
      if (data === undefined) resolved.set(id, (data = find(kind, uri)));
      return data;
    },
    save() {
      if (!changed) return;
      changed = false;
      // the index only saves time: where it can't be written it is not
      try {
        mkdirSync(dirname(indexPath), { recursive: true });
        const partial = `${indexPath}.${process.pid}`;
        writeFileSync(partial, JSON.stringify(known));
        renameSync(partial, indexPath);
      } catch { return; }
    },
  };
}

interface Known { readonly signature: string; readonly sha256: string }

function readIndex(path: string): Record<string, Known> {
  try { return JSON.parse(readFileSync(path, "utf8")) as Record<string, Known>; } catch { return {}; }
}
