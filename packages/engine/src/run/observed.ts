import type { ArtifactHandle, ArtifactPointer, DataHandle, RunInfo } from "@mlstack/core";
import type { UncachedReason } from "@mlstack/pipeline";

/** What a running step has read of its context that is not part of its key. Its result is then nobody else's. */
export interface Observations {
  readonly reasons: readonly UncachedReason[];
  note(reason: UncachedReason): void;
}

export function observations(): Observations {
  const byMessage = new Map<string, UncachedReason>();
  return {
    get reasons() { return [...byMessage.values()]; },
    note: (reason) => void byMessage.set(reason.message, reason),
  };
}

/** Names of run, pipeline and node, and the attempt: two calls with one key have others. */
export function observedRun(info: RunInfo, seen: Observations): RunInfo {
  const read = <K extends keyof RunInfo>(name: K): RunInfo[K] => {
    seen.note({ rule: "reads-run-info", message: `it reads run.${name}, which is not part of the key`, fix: "hand in what it needs as a parameter; what a step logs is kept with its run and node anyhow" });
    return info[name];
  };
  const shown: RunInfo = {
    get id() { return read("id"); }, get pipeline() { return read("pipeline"); }, get node() { return read("node"); }, get attempt() { return read("attempt"); },
  };
  // a step may return it as it is, and values with getters can't be stored
  return new Proxy(shown, {
    getOwnPropertyDescriptor: (target, name) => (Object.hasOwn(target, name) ? { value: target[name as keyof RunInfo], enumerable: true, configurable: true, writable: false } : undefined),
  });
}

/** Of external data the content and the name count, not the folders or the bucket. */
export function observedData(param: string, handle: DataHandle, seen: Observations): DataHandle {
  return {
    name: handle.name, digest: handle.digest, size: handle.size, path: () => handle.path(), stream: () => handle.stream(),
    get uri() {
      seen.note({ rule: "reads-data-uri", message: `it reads params.${param}.uri, and where the data lies is not part of the key`, fix: `read params.${param}.name, or hand the text in as a parameter of its own; the run's record has the URI` });
      return handle.uri;
    },
  };
}

/** Where the key holds the digest of an artifact's meaning, its bytes may be others under the same key. */
export function observedArtifact(port: string, handle: ArtifactHandle, { identity, manifest }: ArtifactPointer, seen: Observations): ArtifactHandle {
  if (identity === manifest) return handle;
  const note = () => seen.note({
    rule: "reads-artifact-bytes", message: `it looks at the bytes of the input "${port}", and the key holds the digest of what they mean: equal values may be stored as other bytes`, fix: `use the value, inputs.${port}`,
  });
  return {
    format: handle.format,
    get digest() { note(); return handle.digest; },
    get size() { note(); return handle.size; },
    open: () => { note(); return handle.open(); },
  };
}
