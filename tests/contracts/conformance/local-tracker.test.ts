import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { conformanceTests, experimentTrackerSuite } from "@mlstack/testkit/conformance";
import { afterAll, beforeAll, describe, test } from "vitest";
import { localTracker } from "./trackers.ts";

let dir: string;
beforeAll(() => { dir = realpathSync(mkdtempSync(join(tmpdir(), "mlstack-tracker-"))); });
afterAll(() => { rmSync(dir, { recursive: true, force: true }); });

describe("experiment_tracker@1 by the folder of a project", () => { conformanceTests(test, experimentTrackerSuite, () => localTracker(dir)); });
