import { mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ModelDeployer } from "@mlstack/core";
import plugin from "@mlstack/engine/plugin";
import { conformanceTests, modelDeployerSuite } from "@mlstack/testkit/conformance";
import { afterAll, beforeAll, describe, test } from "vitest";

const WAIT_MS = 120_000;
const local = plugin.components.find((one) => one.contract === "model_deployer@1")!;
let dir: string;
beforeAll(() => { dir = realpathSync(mkdtempSync(join(tmpdir(), "mlstack-deployer-"))); });
afterAll(async () => {
  // what a case could not delete, on a machine that was busy: its processes end with it
  const deployer = (await local.create(local.config.parse({}), { name: "d", projectDir: dir, stateDir: join(dir, ".mlstack") })) as ModelDeployer;
  for await (const { name } of deployer.list()) await deployer.delete(name);
  rmSync(dir, { recursive: true, force: true });
}, WAIT_MS);

describe("model_deployer@1 by processes of this machine", () => {
  // they wait for processes most of the time, and each has a deployment of its own
  conformanceTests(test.concurrent, modelDeployerSuite, () => ({
    open: async () => (await local.create(local.config.parse({}), { name: "d", projectDir: dir, stateDir: join(dir, ".mlstack") })) as ModelDeployer,
    waitMs: WAIT_MS, settings: { drainMs: 30_000 },
    credentialsOf: async (name) => [(JSON.parse(readFileSync(join(dir, ".mlstack", "deployments", name, "deployment.json"), "utf8")) as { token: string }).token],
  }), { limitMs: 3 * WAIT_MS });
});
