import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { stateWriter } from "./state-writer.ts";

let dir: string;
beforeEach(() => { dir = mkdtempSync(join(tmpdir(), "mlstack-state-")); });
afterEach(() => rmSync(dir, { recursive: true, force: true }));
const read = (...path: string[]) => JSON.parse(readFileSync(join(dir, ...path), "utf8")) as unknown;

test("what was given last is in the file, of each file", async () => {
  const files = stateWriter((file) => join(dir, file), () => undefined);
  for (let n = 0; n < 20; n++) for (const file of ["a", "b"]) files.keep(file, { n });
  await files.flush();
  expect([read("a"), read("b")]).toEqual([{ n: 19 }, { n: 19 }]);
});

test("what can't be written is tried again until it is, and said once; other files do not wait for it", async () => {
  const said: string[] = [];
  // the folder of one file is not there yet: as if the disk were full
  const files = stateWriter((file) => join(dir, file === "a" ? "later" : ".", file), (text) => said.push(text), 5);
  files.keep("a", { n: 1 });
  files.keep("b", { n: 1 });
  await files.flush();
  await files.flush();
  files.keep("a", { n: 2 });
  await files.flush();
  expect(read("b")).toEqual({ n: 1 });
  expect(said).toEqual([expect.stringMatching(/^a can't be written/)]);
  mkdirSync(join(dir, "later"));
  await vi.waitUntil(() => existsSync(join(dir, "later", "a")), { timeout: 60_000 });
  expect(read("later", "a")).toEqual({ n: 2 });
});

test("stopped, it writes nothing, and makes no folder", async () => {
  const files = stateWriter((file) => join(dir, "gone", file), () => undefined, 5);
  files.keep("a", { n: 1 });
  await files.flush();
  files.stop();
  mkdirSync(join(dir, "gone"));
  files.keep("a", { n: 2 });
  await files.flush();
  expect(existsSync(join(dir, "gone", "a"))).toBe(false);
});
