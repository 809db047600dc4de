import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { conformanceTests, orchestratorSuite, type OrchestratorSubject } from "@mlstack/testkit/conformance";
import { afterAll, beforeAll, describe, test } from "vitest";
import { processSubject } from "./orchestrators.ts";

let dir: string;
let subject: OrchestratorSubject;
beforeAll(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), "mlstack-orchestrator-")));
  subject = processSubject(dir);
}, 120_000);
afterAll(() => { rmSync(dir, { recursive: true, force: true }); });

describe.skipIf(process.platform === "win32")("orchestrator@1 by processes in folders of their own", () => { conformanceTests(test, orchestratorSuite, () => subject); });
