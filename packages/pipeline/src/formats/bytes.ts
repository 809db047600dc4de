import type { ArtifactType } from "@mlstack/core";
import { artifactType, readWhole, typeMismatch, unstorable, type FormatOptions } from "./artifact-type.ts";

const FILE = "value.bin";

/**
 * Bytes in memory: format `bytes/1`, one file `value.bin`. For what does not fit in memory declare `storedFile()`.
 *
 * The value is a Uint8Array and comes back as one, in memory of its own. A Buffer is refused: it would come back as a Uint8Array, whose
 * `slice()` copies and whose `toString()` lists numbers.
 *
 * @throws on save MLS3006 for a Buffer, another subclass of Uint8Array, or memory that is shared; MLS1009 for what is no Uint8Array
 */
export function bytes(options: FormatOptions = {}): ArtifactType<Uint8Array> {
  return artifactType<Uint8Array>("bytes/1", options, {
    async save(value, dir) {
      if (!(value instanceof Uint8Array)) throw typeMismatch("bytes/1", value, "a Uint8Array");
      if (Object.getPrototypeOf(value) !== Uint8Array.prototype) {
        throw unstorable("bytes/1", `the value is a ${value.constructor.name}`, "return new Uint8Array(value)");
      }
      requireOwnMemory("bytes/1", value);
      await dir.write(FILE, value);
    },
    load: (dir, format) => readWhole(dir, format, FILE),
    extractMetadata: (value) => ({ bytes: value.byteLength }),
  });
}

/** Shared memory would come back unshared; memory that was transferred to another thread is empty here. */
export function requireOwnMemory(format: string, view: ArrayBufferView): void {
  if (!(view.buffer instanceof ArrayBuffer)) throw unstorable(format, "the value lies in shared memory", "return a copy: value.slice()");
  if ((view.buffer as { readonly detached?: boolean }).detached === true) {
    throw unstorable(format, "the value's memory was transferred away", "return it before transferring it, or a copy");
  }
}
