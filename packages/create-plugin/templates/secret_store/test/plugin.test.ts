import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pluginConformance } from "@mlstack/testkit/conformance";
import { afterEach, beforeEach, expect, test } from "vitest";
import targets from "../conformance.ts";
import { acmeSecrets } from "../src/secrets.ts";

// every promise of the contract
pluginConformance(test, join(import.meta.dirname, ".."), targets);

// and what is this store's own
let dir: string;
beforeEach(() => { dir = mkdtempSync(join(tmpdir(), "acme-")); });
afterEach(() => { rmSync(dir, { recursive: true, force: true }); });

test.skipIf(process.platform === "win32")("nobody else can read a secret's file", async () => {
  await acmeSecrets("secrets", dir).set!("token", "hush");
  expect([statSync(join(dir, "secrets")).mode & 0o777, statSync(join(dir, "secrets", "token")).mode & 0o777]).toEqual([0o700, 0o600]);
});

test("a folder that can't be is what its check finds", async () => {
  writeFileSync(join(dir, "file"), "");
  expect(await acmeSecrets("file", dir).check!()).toMatchObject([{ name: "folder writable", ok: false }]);
});
