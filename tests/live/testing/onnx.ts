/** Protocol Buffers, as much as a small model takes: https://protobuf.dev/programming-guides/encoding and onnx.proto. */
const varint = (n: number): number[] => (n < 128 ? [n] : [(n & 127) | 128, ...varint(n >>> 7)]);
const number = (field: number, n: number): number[] => [...varint(field << 3), ...varint(n)];
const part = (field: number, content: string | readonly number[]): number[] => {
  const bytes = typeof content === "string" ? [...Buffer.from(content)] : content;
  return [...varint((field << 3) | 2), ...varint(bytes.length), ...bytes];
};

const FLOAT = 1;
/** A tensor of floats with any number of rows. */
const tensor = (name: string, columns: number): number[] => part(1, name).concat(part(2, part(1, [...number(1, FLOAT), ...part(2, [...part(1, part(2, "rows")), ...part(1, number(1, columns))])])));

/** An ONNX model with one node: `y = x + x`, of FP32 with the shape [rows, columns]. */
export function doubling(columns: number): Uint8Array {
  const node = [...part(1, "x"), ...part(1, "x"), ...part(2, "y"), ...part(4, "Add")];
  const graph = [...part(1, node), ...part(2, "doubling"), ...part(11, tensor("x", columns)), ...part(12, tensor("y", columns))];
  return Uint8Array.from([...number(1, 8), ...part(7, graph), ...part(8, number(2, 13))]);
}
