import { readFileSync } from "node:fs";
import { artifactStoreSuite, experimentTrackerSuite, modelDeployerSuite, orchestratorSuite, secretStoreSuite } from "../../packages/testkit/dist/conformance/index.js";

/** A contract's suite, run on one flavor of one package. */
export interface Suite {
  readonly package: string;
  /** Of the package, from the root. */
  readonly folder: string;
  readonly contract: string;
  readonly flavor: string;
  /** Its name in reports: the package that it is in with its version, or where it lies. */
  readonly suite: string;
  /** The test file that runs it. */
  readonly test: string;
  /** Modules of tests/live/servers with what the test starts, to be installed before. */
  readonly servers?: readonly string[];
  /** Ids of its cases. A case that the test does not run is no passed one. */
  cases(): Promise<readonly string[]>;
}

const kit = { suite: `@mlstack/testkit@${(JSON.parse(readFileSync(new URL("../../packages/testkit/package.json", import.meta.url), "utf8")) as { version: string }).version}` };
const store = { ...kit, contract: "artifact_store@1", cases: async () => artifactStoreSuite.cases.map((one) => one.id) };

const tracker = { ...kit, contract: "experiment_tracker@1", cases: async () => experimentTrackerSuite.cases.map((one) => one.id) };

const orchestrator = { ...kit, contract: "orchestrator@1", cases: async () => orchestratorSuite.cases.map((one) => one.id) };

const secrets = { ...kit, contract: "secret_store@1", package: "@mlstack/engine", folder: "packages/engine", cases: async () => secretStoreSuite.cases.map((one) => one.id) };

/** The suites that there are, each with what it runs on. */
export const SUITES: readonly Suite[] = [
  { ...store, package: "@mlstack/engine", folder: "packages/engine", flavor: "local", test: "tests/contracts/conformance/local-store.test.ts" },
  { ...store, package: "@mlstack/plugin-s3", folder: "packages/plugin-s3", flavor: "s3", test: "tests/live/conformance/s3.conformance.ts", servers: ["versitygw"] },
  { ...tracker, package: "@mlstack/engine", folder: "packages/engine", flavor: "local", test: "tests/contracts/conformance/local-tracker.test.ts" },
  { ...tracker, package: "@mlstack/plugin-mlflow", folder: "packages/plugin-mlflow", flavor: "mlflow", test: "tests/live/conformance/mlflow.conformance.ts", servers: ["mlflow"] },
  { ...orchestrator, package: "@mlstack/engine", folder: "packages/engine", flavor: "local", test: "tests/contracts/conformance/local-orchestrator.test.ts" },
  { ...orchestrator, package: "@mlstack/plugin-process", folder: "packages/plugin-process", flavor: "process", test: "tests/contracts/conformance/process-orchestrator.test.ts" },
  { ...kit, contract: "model_deployer@1", package: "@mlstack/engine", folder: "packages/engine", flavor: "local", test: "tests/contracts/conformance/local-deployer.test.ts", cases: async () => modelDeployerSuite.cases.map((one) => one.id) },
  { ...secrets, flavor: "file", test: "tests/contracts/conformance/file-secret-store.test.ts" },
  { ...secrets, flavor: "env", test: "tests/contracts/conformance/env-secret-store.test.ts" },
];
