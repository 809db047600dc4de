import { mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { conformanceTests, secretStoreSuite } from "@mlstack/testkit/conformance";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fileSubject } from "./secret-stores.ts";

let dir: string;
beforeAll(() => { dir = realpathSync(mkdtempSync(join(tmpdir(), "mlstack-secrets-"))); });
afterAll(() => {
  expect(readdirSync(join(dir, ".mlstack", "secrets"))).toEqual([]);
  rmSync(dir, { recursive: true, force: true });
});

describe("secret_store@1 by encrypted files of a project", () => { conformanceTests(test, secretStoreSuite, () => fileSubject(dir)); });
