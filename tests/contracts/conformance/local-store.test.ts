import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { artifactStoreSuite, conformanceTests } from "@mlstack/testkit/conformance";
import { afterAll, beforeAll, describe, test } from "vitest";
import { localStore } from "./stores.ts";

let dir: string;
beforeAll(() => { dir = realpathSync(mkdtempSync(join(tmpdir(), "mlstack-store-"))); });
afterAll(() => { rmSync(dir, { recursive: true, force: true }); });

describe("artifact_store@1 by the folder of a project", () => { conformanceTests(test, artifactStoreSuite, () => ({ open: async () => localStore(dir) })); });
