import { unreadable } from "./artifact-type.ts";
import { DTYPE_CLASSES, elementCount, type NpyDtype } from "./ndarray.ts";
import { parsePythonLiteral, type PythonLiteral } from "./npy-literal.ts";

/** What a .npy file says about its elements before they begin. */
export interface NpyHeader {
  readonly dtype: NpyDtype;
  readonly isBigEndian: boolean;
  /** Elements lie with the first index running fastest. */
  readonly isFortranOrder: boolean;
  readonly shape: readonly number[];
  /** Where the elements begin, in bytes. */
  readonly offset: number;
}

const FORMAT = "npy/1";
const MAGIC = "\x93NUMPY";
/** numpy aligns the elements to this, in bytes (since 1.14). */
const ALIGNMENT = 64;
/** numpy leaves room for the first length to grow to so many digits (since 1.23). */
const GROWTH_DIGITS = 21;
/** A header of a supported array takes a few hundred bytes. */
const MAX_HEADER = 1 << 20;

/**
 * The header of a .npy file, byte for byte as numpy's `np.save` writes it: version 1.0, little-endian, C order.
 * Source: numpy/lib/_format_impl.py, NEP 1 (https://numpy.org/neps/nep-0001-npy-format.html).
 */
export function npyHeader(dtype: NpyDtype, shape: readonly number[]): Uint8Array {
  const descr = `${DTYPE_CLASSES[dtype].BYTES_PER_ELEMENT === 1 ? "|" : "<"}${dtype}`;
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const dict = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const text = dict + " ".repeat(shape.length === 0 ? 0 : GROWTH_DIGITS - String(shape[0]).length);
  const unpadded = MAGIC.length + 4 + text.length + 1;
  const padding = ALIGNMENT - (unpadded % ALIGNMENT);
  const bytes = Buffer.from(`${MAGIC}\x01\x00\x00\x00${text}${" ".repeat(padding)}\n`, "latin1");
  bytes.writeUInt16LE(unpadded + padding - MAGIC.length - 4, MAGIC.length + 2);
  return bytes;
}

/**
 * Reads the header at the beginning of a file. Versions 1.0, 2.0 and 3.0.
 *
 * @param head the file's first bytes
 * @returns a header, or how many bytes must be at hand to read it
 * @throws MLS3008 for anything that is not a header of a supported array
 */
export function readNpyHeader(head: Buffer): NpyHeader | number {
  const start = head.subarray(0, MAGIC.length).toString("latin1");
  if (!MAGIC.startsWith(start)) throw unreadable(FORMAT, "it does not begin as a .npy file does");
  if (head.length < MAGIC.length + 6) return MAGIC.length + 6;
  const [major, minor] = [head[6]!, head[7]!];
  if (major < 1 || major > 3 || minor !== 0) throw unreadable(FORMAT, `it is of the unknown .npy version ${major}.${minor}`);
  const lengthBytes = major === 1 ? 2 : 4;
  const length = head.readUIntLE(8, lengthBytes);
  if (length > MAX_HEADER) throw unreadable(FORMAT, `its header is said to take ${length} bytes`);
  const offset = 8 + lengthBytes + length;
  if (head.length < offset) return offset;
  return { ...fields(head.subarray(offset - length, offset).toString(major === 3 ? "utf8" : "latin1")), offset };
}

function fields(text: string): Omit<NpyHeader, "offset"> {
  const dict = parsed(text);
  const known = ["descr", "fortran_order", "shape"];
  if (!(dict instanceof Map) || dict.size !== known.length || !known.every((key) => dict.has(key))) {
    throw unreadable(FORMAT, "its header is not a dict of descr, fortran_order and shape");
  }
  const isFortranOrder = dict.get("fortran_order");
  if (typeof isFortranOrder !== "boolean") throw unreadable(FORMAT, "its header's fortran_order is neither True nor False");
  const shape = dict.get("shape");
  if (!isLengths(shape)) throw unreadable(FORMAT, "its header's shape is not a tuple of lengths that an array can have");
  return { ...elementType(dict.get("descr")), isFortranOrder, shape };
}

function parsed(text: string): PythonLiteral {
  try {
    return parsePythonLiteral(text);
  } catch (cause) {
    throw unreadable(FORMAT, `its header cannot be read: ${(cause as Error).message}`, { cause });
  }
}

function isLengths(shape: PythonLiteral | undefined): shape is number[] {
  return Array.isArray(shape) && shape.every((length) => typeof length === "number") && elementCount(shape) !== undefined;
}

function elementType(descr: PythonLiteral | undefined): Pick<NpyHeader, "dtype" | "isBigEndian"> {
  const [, order, name] = (typeof descr === "string" ? /^([<>|])([a-z]\d+)$/.exec(descr) : null) ?? [];
  const isKnown = name !== undefined && Object.hasOwn(DTYPE_CLASSES, name);
  const dtype = name as NpyDtype;
  // only single bytes have no order
  if (isKnown && (order !== "|" || DTYPE_CLASSES[dtype].BYTES_PER_ELEMENT === 1)) return { dtype, isBigEndian: order === ">" };
  const shown = typeof descr === "string" ? `"${descr.slice(0, 40)}"` : Array.isArray(descr) ? "structured" : "no dtype";
  const cast = shown === '"|O"' || shown === "structured" || /^"[<>|][USVMm]/.test(shown) ? "numbers, in arrays of their own" : "a supported dtype, such as array.astype('<f4')";
  throw unreadable(FORMAT, `its dtype is ${shown}; supported are ${Object.keys(DTYPE_CLASSES).join(", ")}`, { fix: `in Python, save ${cast}` });
}
