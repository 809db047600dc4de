import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { localArtifactStore } from "../local/local-artifact-store.ts";
import { dataResolver } from "./data-resolver.ts";

test("what mlstack writes into a project is nobody's data: the project itself may be a data set", async () => {
  const dir = mkdtempSync(join(tmpdir(), "mlstack-own-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const state = join(dir, ".mlstack");
  mkdirSync(state);
  writeFileSync(join(dir, "rows.csv"), "1\n");
  const resolve = () => dataResolver(dir, join(state, "data.json"), async () => localArtifactStore({ root: join(state, "store"), durability: "process" }), join(state, "scratch")).resolve("dataset", ".");
  const first = await resolve();
  const used = first.open();
  writeFileSync(join(state, "records.db"), "changes with every run");
  // not changed since it was looked at, and not another data set the next time
  await used.handle.path();
  expect(await used.changed()).toBe(false);
  expect((await resolve()).pointer.digest).toBe(first.pointer.digest);
  writeFileSync(join(dir, "rows.csv"), "2\n");
  expect((await resolve()).pointer.digest).not.toBe(first.pointer.digest);
});
