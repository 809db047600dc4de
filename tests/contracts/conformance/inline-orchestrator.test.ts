import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { conformanceTests, orchestratorSuite, type OrchestratorSubject } from "@mlstack/testkit/conformance";
import { afterAll, beforeAll, describe, test } from "vitest";
import { inlineSubject } from "./orchestrators.ts";

let dir: string;
let subject: OrchestratorSubject;
beforeAll(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), "mlstack-orchestrator-")));
  subject = inlineSubject(dir);
}, 120_000);
afterAll(() => { rmSync(dir, { recursive: true, force: true }); });

describe("orchestrator@1 by the process of the driver", () => { conformanceTests(test, orchestratorSuite, () => subject); });
