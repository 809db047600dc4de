// Our own plugins by their own kits, as their authors run them: the vendors' SDKs against real servers, watched.
import { join } from "node:path";
import { runKit, type KitReport } from "@mlstack/testkit/conformance/run";
import { afterEach, expect, test } from "vitest";
import { startMlflow } from "./servers/mlflow.ts";
import { startVersitygw } from "./servers/versitygw.ts";

const root = join(import.meta.dirname, "..", "..");
const before = { ...process.env };
afterEach(() => { for (const name of Object.keys(process.env)) if (before[name] === undefined) Reflect.deleteProperty(process.env, name); });

/** What did not hold, in words. */
function faultsOf({ targets }: KitReport): string[] {
  return targets.flatMap(({ flavor, reason, error, cases }) => [...(reason === undefined ? [] : [`${flavor}: ${reason} ${error?.message ?? ""}`]), ...cases.filter(({ status }) => status === "failed").map(({ id, error: of }) => `${flavor} ${id}: ${of?.message}`)]);
}

async function kitOf(name: string, env: Readonly<Record<string, string>>): Promise<KitReport> {
  Object.assign(process.env, env);
  return runKit({ folder: join(root, "packages", name) });
}

test("plugin-s3, by versitygw: the store keeps its contract, and reaches for nothing that its manifest does not declare", async () => {
  const gw = await startVersitygw();
  try {
    await gw.bucket("store");
    await gw.bucket("outside");
    const report = await kitOf("plugin-s3", { S3_TEST_ENDPOINT: gw.endpoint, S3_TEST_REGION: gw.region, S3_TEST_ACCESS_KEY_ID: gw.accessKeyId, S3_TEST_SECRET_ACCESS_KEY: gw.secretAccessKey });
    expect([faultsOf(report), report.watched, report.passed > 45]).toEqual([[], true, true]);
  } finally { await gw.stop(); }
}, 300_000);

test("plugin-mlflow, by MLflow 3: the tracker keeps its contract, and reaches for nothing that its manifest does not declare", async () => {
  const server = await startMlflow({ version: "3" });
  try {
    const report = await kitOf("plugin-mlflow", { MLFLOW_TEST_URI: server.url });
    expect([faultsOf(report), report.watched, report.passed > 25]).toEqual([[], true, true]);
  } finally { await server.stop(); }
}, 600_000);

test.each(["plugin-process", "plugin-polars", "testkit", "engine"])("%s, on this machine: all that it has keeps its contract, and reaches for nothing that its manifest does not declare", async (name) => {
  const report = await kitOf(name, {});
  expect([faultsOf(report), report.watched, report.passed > 20, report.targets.some(({ status }) => status === "skipped")]).toEqual([[], true, true, false]);
}, 900_000);
