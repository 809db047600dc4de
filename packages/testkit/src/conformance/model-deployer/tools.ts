import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { MlstackError, type DeployFault, type Deployment, type ModelDeployer } from "@mlstack/core";
import { NotApplicable, type ConformanceCase } from "../suite.ts";
import type { ModelDeployerContext } from "./subject.ts";

export type DeployerNeed = "model" | "start" | "logs" | "crash" | "check" | "settings" | "foreign" | "credentials" | "denied" | "unreachable";
export type DeployerCase = ConformanceCase<ModelDeployerContext, DeployerNeed>;

/** Rejects for one of these reasons, which `details.reason` names. */
export async function faulty(work: () => Promise<unknown>, what: string, ...reasons: readonly DeployFault[]): Promise<MlstackError> {
  const error = await work().then(() => undefined, (e: unknown) => (e instanceof Error ? e : new Error(`it rejected with no error: ${JSON.stringify(e)}`)));
  if (error instanceof NotApplicable) throw error;
  assert.ok(error !== undefined, `${what}: it resolved, and was to reject: ${reasons.join(" or ")}`);
  assert.ok(MlstackError.is(error), `${what}: it rejected with no error of mlstack's: ${error.name}: ${error.message}`);
  assert.ok(reasons.includes(error.details?.["reason"] as DeployFault), `${what}: ${reasons.join(" or ")} was expected, not ${JSON.stringify(error.details)}: ${error.message}`);
  assert.equal(error.code, reasons.length === 1 && reasons[0] === "overloaded" ? "MLS6001" : "MLS6003", what);
  return error;
}

/** Looks until it is so, within the time that a deployment may take. */
export async function until(waitMs: number, what: string, isSo: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + waitMs;
  while (!(await isSo())) {
    assert.ok(Date.now() < end, `${what}: not within ${waitMs} ms`);
    await sleep(20);
  }
}

/** All that was printed, of every version. */
export async function printed(deployer: ModelDeployer, name: string): Promise<string[]> {
  const texts: string[] = [];
  for await (const line of deployer.logs!(name, { lines: 1000 })) texts.push(line.text);
  return texts;
}

export async function listed(deployer: ModelDeployer, ...names: readonly string[]): Promise<Deployment[]> {
  const all: Deployment[] = [];
  for await (const one of deployer.list()) if (names.includes(one.name)) all.push(one);
  return all.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** What stays the same as long as nobody changes anything: replicas may come and go. */
export const lasting = (of: Deployment | undefined): object | undefined => of && { ...of, versions: of.versions.map((version) => ({ ...version, replicas: undefined })) };

/** Shares of the traffic by version. */
export const sharesOf = (of: Deployment): Record<string, number> => Object.fromEntries(of.versions.map((one) => [one.id, one.traffic]));
