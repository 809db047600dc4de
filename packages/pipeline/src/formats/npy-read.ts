import type { InputDir } from "@mlstack/core";
import { sizeOf, unreadable } from "./artifact-type.ts";
import { DTYPE_CLASSES, elementCount, type NdArray } from "./ndarray.ts";
import { readNpyHeader, type NpyHeader } from "./npy-header.ts";

const FORMAT = "npy/1";
const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** Reads an array in C order and this machine's byte order. Needs memory for the elements, twice where they lie in Fortran order. */
export async function readNpy(dir: InputDir, name: string): Promise<NdArray> {
  const size = sizeOf(dir, FORMAT, name);
  let head = Buffer.alloc(0);
  let header: NpyHeader | undefined;
  let bytes = new Uint8Array(0);
  let at = 0;
  for await (const piece of dir.stream(name)) {
    let rest = piece;
    if (header === undefined) {
      head = Buffer.concat([head, piece]);
      const read = readNpyHeader(head);
      if (typeof read === "number") continue;
      header = read;
      bytes = new Uint8Array(dataSize(header, size));
      rest = head.subarray(header.offset);
    }
    if (at + rest.length > bytes.length) throw unreadable(FORMAT, "it is longer than its manifest says");
    bytes.set(rest, at);
    at += rest.length;
  }
  if (header === undefined || at < bytes.length) throw unreadable(FORMAT, "it ends early");
  return assemble(header, bytes);
}

/** The bytes of all elements, compared with the file's size before memory is taken for them. */
function dataSize(header: NpyHeader, fileSize: number): number {
  const needed = (elementCount(header.shape) ?? NaN) * DTYPE_CLASSES[header.dtype].BYTES_PER_ELEMENT;
  const present = fileSize - header.offset;
  if (needed === present) return needed;
  throw unreadable(FORMAT, `its shape (${header.shape.join(", ")}) takes ${needed} bytes of elements, and it has ${present}`, {
    ...(present > needed && { fix: "save one array per file" }),
  });
}

function assemble(header: NpyHeader, bytes: Uint8Array<ArrayBuffer>): NdArray {
  const { dtype, shape } = header;
  const Class = DTYPE_CLASSES[dtype];
  if (header.isBigEndian === LITTLE_ENDIAN) swapBytes(bytes, Class.BYTES_PER_ELEMENT);
  if (dtype === "b1" && bytes.some((byte) => byte > 1)) throw unreadable(FORMAT, "it has a bool that is neither 0 nor 1");
  const ordered = header.isFortranOrder ? toCOrder(bytes, shape, Class.BYTES_PER_ELEMENT) : bytes;
  return { dtype, data: new Class(ordered.buffer), shape: [...shape] } as unknown as NdArray;
}

/** Turns the bytes of each element around, in place. */
export function swapBytes(bytes: Uint8Array, elementSize: number): void {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (elementSize === 2) buffer.swap16();
  else if (elementSize === 4) buffer.swap32();
  else if (elementSize === 8) buffer.swap64();
}

/** The bytes of elements that lie with the first index running fastest, with the last one running fastest. */
function toCOrder(bytes: Uint8Array<ArrayBuffer>, shape: readonly number[], elementSize: number): Uint8Array<ArrayBuffer> {
  if (shape.length < 2 || bytes.length === 0) return bytes;
  // moved as whole numbers: a NaN read as a float may lose its payload
  const Unit = elementSize === 1 ? Uint8Array : elementSize === 2 ? Uint16Array : Uint32Array;
  const units = elementSize / Unit.BYTES_PER_ELEMENT;
  const data = new Unit(bytes.buffer);
  const out = new Unit(data.length);
  const index = shape.map(() => 0);
  const strides = shape.map((_, axis) => shape.slice(0, axis).reduce((product, length) => product * length, units));
  for (let to = 0, from = 0; to < out.length; to += units) {
    out[to] = data[from]!;
    if (units === 2) out[to + 1] = data[from + 1]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return new Uint8Array(out.buffer);
}
