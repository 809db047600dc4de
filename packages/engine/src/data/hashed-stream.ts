import { createHash } from "node:crypto";

/** The same bytes, compared with their digest at their end. Where they differ, it throws what `refusal` gives in place of ending. */
export async function* hashedStream(source: AsyncIterable<Uint8Array>, digest: string, refusal: () => Error): AsyncIterable<Uint8Array> {
  const hash = createHash("sha256");
  for await (const piece of source) { hash.update(piece); yield piece; }
  if (hash.digest("hex") !== digest) throw refusal();
}
