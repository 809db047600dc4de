import { AsyncLocalStorage } from "node:async_hooks";
import type { ArtifactStore, CallOptions, ExternalReader } from "@mlstack/core";

/** Does work whose calls to the store end with the signal. */
export type During = <T>(signal: AbortSignal, work: () => Promise<T>) => Promise<T>;

/**
 * A store whose calls end when the work around them is aborted. A step's inputs and outputs go through several layers, down to codecs that
 * know of no signal; what belongs to which step is known here by the chain of calls.
 *
 * @returns the store, and what surrounds the work; calls outside of any work are as they were
 */
export function abortable(store: ArtifactStore): { readonly store: ArtifactStore; readonly during: During } {
  const around = new AsyncLocalStorage<AbortSignal>();
  const within = <O extends CallOptions>(options: O | undefined): O | undefined => {
    const signal = around.getStore();
    if (signal === undefined) return options;
    return { ...options, signal: options?.signal === undefined ? signal : AbortSignal.any([signal, options.signal]) } as O;
  };
  const { external } = store;
  return {
    during: (signal, work) => around.run(signal, work),
    store: {
      contract: store.contract, capabilities: store.capabilities,
      put: (key, source, options) => store.put(key, source, within(options)),
      get: (key, options) => store.get(key, within(options)),
      stat: (key, options) => store.stat(key, within(options)),
      list: (prefix, options) => store.list(prefix, within(options)),
      delete: (key, options) => store.delete(key, within(options)),
      ...(store.touch !== undefined && { touch: (key: string, options?: CallOptions) => store.touch!(key, within(options)) }),
      ...(store.deleteMany !== undefined && { deleteMany: (keys: readonly string[], options?: CallOptions) => store.deleteMany!(keys, within(options)) }),
      ...(store.localPath !== undefined && { localPath: (key: string) => store.localPath!(key) }),
      ...(external !== undefined && { external: reader(external, within) }),
      ...(store.check !== undefined && { check: (options?: CallOptions) => store.check!(within(options)) }),
    },
  };
}

function reader(external: ExternalReader, within: <O extends CallOptions>(options: O | undefined) => O | undefined): ExternalReader {
  return {
    schemes: external.schemes,
    stat: (uri, options) => external.stat(uri, within(options)),
    get: (uri, version, options) => external.get(uri, version, within(options)),
    list: (uri, options) => external.list(uri, within(options)),
  };
}
