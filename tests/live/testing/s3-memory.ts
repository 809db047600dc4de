// node s3-memory.ts UPSTREAM-AS-JSON FILE SIZE: sends a file up and down, in a process of its own, and prints how much memory that took.
import { createHash } from "node:crypto";
import { openStore, type Server } from "./s3.ts";

const [, , server = "", path = "", size = ""] = process.argv;
const store = await openStore(JSON.parse(server) as Server, { bucket: "store", prefix: "memory" });
let highest = 0;
const rss = (): number => process.memoryUsage.rss() / 2 ** 20;
const timer = setInterval(() => { highest = Math.max(highest, rss()); }, 5);
/** The highest memory while something is done, in MiB. */
async function peakOf(work: () => Promise<void>): Promise<number> {
  highest = rss();
  await work();
  return highest;
}

// first something small, so that what any use needs (the SDK, connections) is not taken for growth
await store.put("warm", { kind: "file", path, size: 2 ** 20 });
for await (const _chunk of await store.get("warm")) { /* read to its end */ }
const before = rss();
const up = await peakOf(() => store.put("big", { kind: "file", path, size: Number(size) }));
const hash = createHash("sha256");
const down = await peakOf(async () => { for await (const chunk of await store.get("big")) hash.update(chunk); });
clearInterval(timer);
console.log(JSON.stringify({ before, up, down, sha256: hash.digest("hex") }));
await store.dispose?.();
