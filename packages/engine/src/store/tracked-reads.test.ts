import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MlstackError } from "@mlstack/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { localArtifactStore } from "../local/local-artifact-store.ts";
import { contentSpace, type ContentSpace } from "./content-space.ts";
import { trackedReads, type TrackedReads } from "./tracked-reads.ts";

let dir: string;
let content: ContentSpace;
let reads: TrackedReads;
let digest: string;
const SIZE = 3 << 20;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "mlstack-reads-"));
  content = contentSpace(localArtifactStore({ root: dir, durability: "process" }));
  digest = await content.putBytes(Buffer.alloc(SIZE, 1));
  reads = trackedReads(content);
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const change = async () => {
  const path = (await content.inPlace(digest))!;
  chmodSync(path, 0o644);
  writeFileSync(path, Buffer.alloc(SIZE, 2));
};
const isRefused = (e: unknown) => MlstackError.is(e, "MLS3002");

test("a stream that was left early is read to its end", async () => {
  for await (const piece of reads.content.stream(digest)) { void piece; break; }
  await reads.settle();
  await change();
  await expect(reads.settle()).rejects.toSatisfy(isRefused);
});

test("a stream that was read to its end has been compared; one that nobody began is nobody's", async () => {
  for await (const piece of reads.content.stream(digest)) void piece;
  reads.content.stream(digest);
  await change();
  await reads.settle();
});

test("a blob that is used in place is compared again when somebody has written to it", async () => {
  await reads.content.inPlace(digest);
  await reads.settle();
  await change();
  await expect(reads.settle()).rejects.toSatisfy(isRefused);
});

test("a blob that went away while it was read is refused, too", async () => {
  for await (const piece of reads.content.stream(digest)) { void piece; break; }
  rmSync((await content.inPlace(digest))!);
  await expect(reads.settle()).rejects.toSatisfy((e) => isRefused(e) && (e as Error).message.includes("went away"));
});
