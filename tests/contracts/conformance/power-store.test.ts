import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { artifactStoreSuite, conformanceTests } from "@mlstack/testkit/conformance";
import { afterAll, beforeAll, describe, test } from "vitest";
import { localStore } from "./stores.ts";

let dir: string;
beforeAll(() => { dir = realpathSync(mkdtempSync(join(tmpdir(), "mlstack-store-"))); });
afterAll(() => { rmSync(dir, { recursive: true, force: true }); });

/** What differs is how objects are written. */
const puts = { ...artifactStoreSuite, cases: artifactStoreSuite.cases.filter(({ id }) => id.startsWith("put.")) };

describe("artifact_store@1 by a folder whose objects survive a power cut", () => { conformanceTests(test.concurrent, puts, () => ({ open: async () => localStore(dir, { durability: "power" }), partsFrom: 64 * 1024 })); });
