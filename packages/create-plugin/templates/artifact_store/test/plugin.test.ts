import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pluginConformance } from "@mlstack/testkit/conformance";
import { afterEach, beforeEach, expect, test } from "vitest";
import targets from "../conformance.ts";
import { acmeStore } from "../src/store.ts";

// every promise of the contract
pluginConformance(test, join(import.meta.dirname, ".."), targets);

// and what is this store's own
let dir: string;
beforeEach(() => { dir = mkdtempSync(join(tmpdir(), "acme-")); });
afterEach(() => { rmSync(dir, { recursive: true, force: true }); });

test("a relative path is one of the project", async () => {
  await acmeStore("artifacts", dir).put("a/b", { kind: "bytes", bytes: Buffer.from("x") });
  expect(await acmeStore(join(dir, "artifacts"), "/elsewhere").stat("a/b")).toMatchObject({ key: "a/b", size: 1 });
});

test("what is removed while it is opened is opened, or is not there", async () => {
  const store = acmeStore("artifacts", dir);
  for (let n = 0; n < 30; n++) {
    await store.put("a", { kind: "bytes", bytes: Buffer.from("x") });
    const opened = store.get("a").then(async (body) => { await body.close(); return "opened"; }, (e: unknown) => (e as { code?: string }).code);
    await store.delete("a");
    expect(["opened", "MLS3001"]).toContain(await opened);
  }
});

test("a folder that can't be is what its check finds", async () => {
  writeFileSync(join(dir, "file"), "");
  expect(await acmeStore("file", dir).check!()).toMatchObject([{ name: "folder writable", ok: false }]);
});
