import type { CallOptions, Component } from "./component.ts";

/**
 * Bytes by key.
 *
 * Every method rejects with MLS3011 for what is no key, MLS6001 when the service does not serve at the moment (not reached, no or half an answer, 408, 429, 5xx, also
 * when it was tried again), MLS6002 when the credentials do not allow it, and MLS3003 for any other refusal, which a repetition does not
 * change. An aborted call ends within seconds, in which it removes what would cost, such as an upload in parts.
 *
 * Keys are POSIX-like: segments of 1 to 200 of `[A-Za-z0-9._=@+-]` joined by `/`, at most 32 of them, none that ends with a dot, at most
 * 512 characters in all. No key is a folder of another. The engine lays out content, actions, journals and roots by such keys; a store adds its own prefix (bucket, folder)
 * and nothing else.
 *
 * Stable: the flavors local and s3 have passed the conformance kit. Another shape is another version.
 */
export interface ArtifactStore extends Component {
  readonly contract: "artifact_store@1";
  /** What it can do of what not every service can. Does not change as long as the component lives. */
  readonly capabilities: ArtifactStoreCapabilities;

  /**
   * Writes an object. All or nothing to readers: until the promise resolves a reader sees what was there before. A service checks the bytes on their way in (`wireChecksum`), before a reader can see them.
   * The source can be read again, so a failed attempt may be repeated by the store. `modifiedAt` is when it was put, whatever times a file has.
   *
   * An object that this very call has written is no other writer's: a refused `ifAbsent` after an answer that may have been lost is a
   * success where the object carries the call's own mark, or where the service keeps no marks, where its bytes are equal. Where no answer
   * was lost it is MLS3012, also for equal bytes.
   *
   * @throws MLS3012 with `ifAbsent` when the key exists; MLS3004 no space; MLS3005 read-only
   */
  put(key: string, source: PutSource, options?: PutOptions): Promise<void>;

  /**
   * Opens an object for reading. The body holds a connection until it was read to its end or closed.
   *
   * @throws MLS3001 when there is no such key
   */
  get(key: string, options?: GetOptions): Promise<ObjectBody>;

  /** Size and times of an object; undefined when there is none. A missing bucket is an error (MLS3003). */
  stat(key: string, options?: CallOptions): Promise<ObjectStat | undefined>;

  /** All objects whose key begins with `prefix`, in no particular order, streamed: no folders, and no uploads that are not finished. */
  list(prefix: string, options?: CallOptions): AsyncIterable<ObjectStat>;

  /**
   * Removes an object; removing what is not there is no error.
   *
   * @throws MLS3005 for what is held (retention, lease, legal hold); MLS3003 with `ifVersion` where the store can't keep to it
   */
  delete(key: string, options?: DeleteOptions): Promise<void>;

  /**
   * Makes an object's `modifiedAt` now and leaves its bytes: what is old and has just become needed must not look old to who cleans up.
   * A service that has no such thing copies the object onto itself. Where a store leaves this out, the bytes are read and put again.
   *
   * @throws MLS3001 when there is no such key; MLS3005, MLS6002 when it may not be written; MLS3003 when this object can't be touched
   */
  touch?(key: string, options?: CallOptions): Promise<void>;

  /**
   * Removes objects, in as few requests as the service allows. Stores whose service removes one at a time leave this out.
   *
   * @returns those that are still there, and why; all others are gone
   */
  deleteMany?(keys: readonly string[], options?: CallOptions): Promise<readonly { readonly key: string; readonly reason: string }[]>;

  /**
   * The path of an object that lies in a file of this machine, to be read in place and never written.
   * Stores that are elsewhere leave this out.
   */
  localPath?(key: string): string;

  /** Reads objects that mlstack did not write, by URI: for `dataset("s3://bucket/key")`. Stores that read none leave this out. */
  readonly external?: ExternalReader | undefined;
}

/** Reads what lies in the store's service outside of the store's own prefix. */
export interface ExternalReader {
  /** Schemes without `://`, such as `s3`. */
  readonly schemes: readonly string[];
  /**
   * One object; undefined when there is none.
   *
   * @throws MLS3010 for a URI of another form, and for an object without a version
   */
  stat(uri: string, options?: CallOptions): Promise<ExternalStat | undefined>;
  /**
   * Opens an object, in the version that `stat` saw.
   *
   * @throws MLS3010 when it has changed since or is gone
   */
  get(uri: string, version: string, options?: GetOptions): Promise<ObjectBody>;
  /** All objects below a URI that stands for a folder, streamed, in no particular order. */
  list(uri: string, options?: CallOptions): AsyncIterable<ExternalStat>;
}

/** What a service says of an object that mlstack did not write. */
export interface ExternalStat {
  /** In full, as `get` takes it. */
  readonly uri: string;
  /** In bytes. */
  readonly size: number;
  /** Differs whenever the content differs: a version id or generation where there is one, else an entity tag. Never made of times and sizes. */
  readonly version: string;
}

/** What a store can do of what not every service can; all of it is said, nothing is assumed. */
export interface ArtifactStoreCapabilities {
  /** `put` with `ifAbsent` is atomic among all writers. Without it action entries are last writer wins. */
  readonly createIfAbsent: boolean;
  /** The checksum that protects bytes on the wire, or `none` where they do not travel. */
  readonly wireChecksum: "none" | "md5" | "crc32" | "crc32c" | "crc64" | "sha256";
  /** `stat` and `list` give versions, and `delete` keeps to `ifVersion`. Without it `ifVersion` is refused (MLS3003), never ignored. */
  readonly deleteIfVersion: boolean;
}

/** What to write: bytes in memory, or a file of this machine. */
export type PutSource =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | {
      readonly kind: "file"; readonly path: string;
      /** In bytes. A file that has fewer by now, or is gone, is refused (MLS3003), and nothing is written. */
      readonly size: number;
      /** The file is not needed afterwards: a store on the same disk may take it over by renaming. */
      readonly mayMove?: boolean | undefined;
    };

/** How an object is written; by default it takes the place of one that is there. */
export interface PutOptions extends CallOptions {
  /** Only create: reject with MLS3012 when the key exists. */
  readonly ifAbsent?: boolean | undefined;
}

/** What of an object is read; all of it by default. */
export interface GetOptions extends CallOptions {
  /** Part of the object: `offset` and `length` in bytes; past the end is cut off. */
  readonly range?: { readonly offset: number; readonly length: number } | undefined;
}

/**
 * An open object. Read it once: by `bytes()` or by iterating, in chunks of any size. Ending an iteration early closes it. It is the object that was
 * opened, whole: where another one has been put in its place, or it was removed, reading goes on or is refused (MLS3003, MLS3001). The signal of
 * `get` ends the reading, too. Bytes of an object that is read whole are checked where the service knows their checksum. A store that limits its connections lets requests wait for one: that is
 * not a service that does not serve.
 */
export interface ObjectBody extends AsyncIterable<Uint8Array> {
  /** Of the part asked for, in bytes. */
  readonly size: number;
  /** The whole body in memory; for small objects. */
  bytes(): Promise<Uint8Array>;
  /** Gives the connection back. For a body that is not read to its end; nothing is read afterwards. Never rejects, and can be called again. */
  close(): Promise<void>;
}

/** What a store says of an object. */
export interface ObjectStat {
  /** Without what the store puts in front of it. */
  readonly key: string;
  /** In bytes. */
  readonly size: number;
  /** By the service's clock. */
  readonly modifiedAt: Date;
  /** Differs after every write, also of equal bytes, such as a generation; left out where the service has none (an entity tag is not one). */
  readonly version?: string | undefined;
}

/** What is removed; by default the object, whatever its version. */
export interface DeleteOptions extends CallOptions {
  /** Does nothing when the object is another version by now; of stores with the capability `deleteIfVersion`. */
  readonly ifVersion?: string | undefined;
}

const KEY = /^(?:[A-Za-z0-9._=@+-]{0,199}[A-Za-z0-9_=@+-]\/){0,31}[A-Za-z0-9._=@+-]{0,199}[A-Za-z0-9_=@+-]$/;

/** Whether `key` is a legal object key (see ArtifactStore). */
export function isObjectKey(key: string): boolean {
  return key.length <= 512 && KEY.test(key);
}
