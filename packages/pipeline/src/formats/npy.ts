import { MlstackError, type ArtifactType } from "@mlstack/core";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { artifactType, typeMismatch, unstorable, type FormatOptions } from "./artifact-type.ts";
import { requireOwnMemory } from "./bytes.ts";
import { DTYPE_CLASSES, shapeProblem, type NdArray, type NpyDtype } from "./ndarray.ts";
import { ndarrayFacts, ndarrayPreview } from "./ndarray-facts.ts";
import { npyHeader } from "./npy-header.ts";
import { readNpy, swapBytes } from "./npy-read.ts";

const FILE = "value.npy";
const FORMAT = "npy/1";
const PIECE = 4 << 20;
const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

export interface NpyOptions<D extends NpyDtype> extends FormatOptions {
  /** The one dtype that is accepted, on save and on load; any by default. It makes the type of `data` exact. */
  readonly dtype?: D | undefined;
}

/**
 * An array of numbers as numpy's .npy: format `npy/1`, one file `value.npy`. Read in Python with `np.load`. Written as version 1.0 in C
 * order, little-endian, byte for byte as `np.save` does, so equal arrays are equal artifacts whichever language wrote them. Read are
 * versions 1.0 to 3.0, both byte orders, C and Fortran order; what comes back is in C order and this machine's byte order.
 *
 * Source: NEP 1, https://numpy.org/neps/nep-0001-npy-format.html
 *
 * @throws on save MLS1009 for a value that is no NdArray, of another dtype than declared, or whose shape does not fit, MLS3006 for
 *   data of another class or in shared memory; on load MLS3008 for a file that is malformed or has another kind of element, MLS3007
 *   for another dtype than declared
 */
export function npy<D extends NpyDtype = NpyDtype>(options: NpyOptions<D> = {}): ArtifactType<NdArray<D>> {
  const type = artifactType<NdArray>(FORMAT, options, {
    async save(value, dir) {
      requireStorable(value, options.dtype);
      await pipeline(Readable.from(pieces(value)), dir.createWriteStream(FILE));
    },
    async load(dir) {
      const array = await readNpy(dir, FILE);
      if (options.dtype !== undefined && array.dtype !== options.dtype) {
        throw new MlstackError("MLS3007", `the stored array has the dtype ${array.dtype}, but ${options.dtype} is declared`, {
          details: { found: array.dtype, declared: options.dtype },
        });
      }
      return array;
    },
    extractMetadata: ndarrayFacts,
    preview: ndarrayPreview,
  });
  // the dtype is compared on save and on load
  return type as unknown as ArtifactType<NdArray<D>>;
}

function requireStorable(value: NdArray, declared: NpyDtype | undefined): void {
  const isObject = typeof value === "object" && value !== null && Array.isArray(value.shape) && ArrayBuffer.isView(value.data);
  if (!isObject || !Object.hasOwn(DTYPE_CLASSES, value.dtype)) throw typeMismatch(FORMAT, value, "ndarray(data, shape)");
  if (declared !== undefined && value.dtype !== declared) {
    throw new MlstackError("MLS1009", `the array has the dtype ${value.dtype}, but its output is declared as ${declared}`, {
      fix: `return it in a ${DTYPE_CLASSES[declared].prototype.constructor.name}`, details: { found: value.dtype, declared },
    });
  }
  if (Object.getPrototypeOf(value) !== Object.prototype || Reflect.ownKeys(value).length !== 3) {
    throw unstorable(FORMAT, "the value has more than dtype, data and shape", "return ndarray(data, shape)");
  }
  if (Object.getPrototypeOf(value.data) !== DTYPE_CLASSES[value.dtype].prototype) {
    const wanted = DTYPE_CLASSES[value.dtype].prototype.constructor.name;
    throw unstorable(FORMAT, `the data of dtype ${value.dtype} is a ${value.data.constructor.name}`, `hold it in a ${wanted}`);
  }
  requireOwnMemory(FORMAT, value.data);
  const problem = shapeProblem(value);
  if (problem !== undefined) throw new MlstackError("MLS1009", problem, { fix: "give each dimension's length" });
  if (value.dtype === "b1" && value.data.some((byte) => byte > 1)) throw unstorable(FORMAT, "a bool is neither 0 nor 1", "store it as u1");
}

function* pieces(array: NdArray): Generator<Uint8Array> {
  yield npyHeader(array.dtype, array.shape);
  const { buffer, byteOffset, byteLength } = array.data;
  for (let at = 0; at < byteLength; at += PIECE) {
    const piece = new Uint8Array(buffer, byteOffset + at, Math.min(PIECE, byteLength - at));
    yield LITTLE_ENDIAN ? piece : swapped(piece, DTYPE_CLASSES[array.dtype].BYTES_PER_ELEMENT);
  }
}

function swapped(piece: Uint8Array, elementSize: number): Uint8Array {
  const copy = piece.slice();
  swapBytes(copy, elementSize);
  return copy;
}
