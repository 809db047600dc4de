import { artifactStoreSuite, experimentTrackerSuite, formatSuite, modelDeployerSuite, orchestratorSuite, secretStoreSuite } from "../../packages/testkit/dist/conformance/index.js";
import { badDeployers } from "../../tests/contracts/conformance/bad-deployers.ts";
import { badFormats } from "../../tests/contracts/conformance/bad-formats.ts";
import { badOrchestrators } from "../../tests/contracts/conformance/bad-orchestrators.ts";
import { badSecretStores } from "../../tests/contracts/conformance/bad-secret-stores.ts";
import { badStores } from "../../tests/contracts/conformance/bad-stores.ts";
import { badTrackers } from "../../tests/contracts/conformance/bad-trackers.ts";

/** A contract, its cases, and the components that break it on purpose. */
export interface Kit {
  readonly suite: { readonly contract: string; readonly cases: readonly { readonly id: string; readonly title: string; readonly clause: string }[] };
  /** What breaks it, with its article: `a store`. */
  readonly noun: string;
  /** Where the contract is written down, from the root. */
  readonly files: readonly string[];
  /** What each breaks, in words, and the cases that see it. Tests in tests/contracts/conformance run each of them. */
  readonly bads: readonly { readonly fault: string; readonly killers: readonly string[] }[];
}

const contract = (name: string): readonly string[] => [`packages/core/src/contracts/${name}.ts`];

export const KITS: readonly Kit[] = [
  { suite: artifactStoreSuite, noun: "a store", files: contract("artifact-store"), bads: badStores },
  { suite: experimentTrackerSuite, noun: "a tracker", files: contract("experiment-tracker"), bads: badTrackers },
  { suite: orchestratorSuite, noun: "an orchestrator", files: contract("orchestrator"), bads: badOrchestrators },
  { suite: modelDeployerSuite, noun: "a deployer", files: contract("model-deployer"), bads: badDeployers },
  { suite: secretStoreSuite, noun: "a store", files: contract("secret-store"), bads: badSecretStores },
  { suite: formatSuite, noun: "a format", files: ["packages/core/src/formats/artifact-type.ts", "packages/core/src/formats/artifact-dir.ts"], bads: badFormats },
];
