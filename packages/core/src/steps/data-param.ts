/** What an external-data parameter names. */
export type DataKind = "file" | "dir" | "dataset";

const DATA_PARAM = Symbol.for("mlstack.data-param");

/**
 * A parameter that names data outside of mlstack: a path or URI. It is resolved when the run starts to { uri, digest, size } and its
 * digest is part of the cache key, so a file that is overwritten in place is seen.
 */
export interface DataParam<K extends DataKind = DataKind, Optional extends boolean = boolean> {
  readonly kind: K;
  readonly defaultUri: string | undefined;
  readonly isOptional: Optional;
  readonly description: string | undefined;
  /** The path or URI where none is given. */
  default(uri: string): DataParam<K, true>;
  describe(text: string): DataParam<K, Optional>;
}

/** A parameter that was given: the path or URI as written, not yet resolved. */
export interface DataRef {
  readonly uri: string;
}

/** What a step gets for an external-data parameter. */
export interface DataHandle {
  /** The last segment of the path or URI, in NFC. It is part of the cache key, folders and buckets are not. */
  readonly name: string;
  /**
   * As it was given: a path relative to the project, or a URI. Reading it makes the result uncached, for where the bytes lie is not part
   * of the key; it is in the run's record anyhow.
   */
  readonly uri: string;
  /** Hex SHA-256 of the bytes; of the canonical listing for a folder. */
  readonly digest: string;
  /** In bytes. */
  readonly size: number;
  /** A local path to the bytes, which ends in `name`; read-only. The folders before it differ from place to place. */
  path(): Promise<string>;
  /** The bytes piece by piece; not for a folder. */
  stream(): AsyncIterable<Uint8Array>;
}

/** Makes an external-data parameter. Authors use `file()`, `dir()` and `dataset()`. */
export function dataParam<K extends DataKind>(kind: K): DataParam<K, false> {
  return make(kind, undefined, false, undefined);
}

function make<K extends DataKind, O extends boolean>(kind: K, defaultUri: string | undefined, isOptional: O, description: string | undefined): DataParam<K, O> {
  const param = {
    kind, defaultUri, isOptional, description,
    default: (uri: string) => make(kind, uri, true, description),
    describe: (text: string) => make(kind, defaultUri, isOptional, text),
  };
  Object.defineProperty(param, DATA_PARAM, { value: 1 });
  return param;
}

/** Whether a parameter declaration names external data, from whichever copy of the package. */
export function isDataParam(p: unknown): p is DataParam {
  return typeof p === "object" && p !== null && DATA_PARAM in p;
}
