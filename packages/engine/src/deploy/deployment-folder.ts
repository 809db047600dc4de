import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { isDeploymentName, MlstackError, type ManifestFile } from "@mlstack/core";
import { fsError, isMissing } from "../local/fs-errors.ts";
import type { ProcessId } from "../project/process-id.ts";

/**
 * What is kept of a deployment: one folder, `<deployments>/<name>`. Each file has one writer.
 *
 * - `deployment.json` (0600), written by clients that hold the deployment's lock: address, token, supervisor
 * - `serving.json`, written by the supervisor: what serves, and with which share; what it brings up again when it is started
 * - `processes.json`, written by the supervisor: the processes that run models, so that none is left where the supervisor was killed
 * - `versions/<id>/`: `version.json`, `model/` and `code/`; written before the supervisor hears of the version, never changed
 * - `log.jsonl`, `log.1.jsonl`, …: what the versions printed, by the supervisor; `supervisor.log`: what it printed itself
 */
export interface DeploymentRecord {
  readonly recordVersion: 1;
  readonly name: string;
  readonly host: string;
  /** Kept for as long as the name is. */
  readonly port: number;
  /** Who knows it may tell the supervisor what to do. */
  readonly token: string;
  /** Null when it is stopped. */
  readonly supervisor: ProcessId | null;
  /** Digest of the model that was deployed last. */
  readonly digest: string;
}

/** What makes up a version: in `version.json`. */
export interface VersionRecord {
  readonly versionVersion: 1;
  readonly id: string;
  /** Digest of the model. */
  readonly digest: string;
  readonly format: string;
  readonly model: readonly ManifestFile[];
  readonly servable: { readonly kind: "format" } | { readonly kind: "predictor"; readonly module: string; readonly export: string; /** In `code/`. */ readonly entry: string; readonly code: string };
  readonly settings: VersionSettings;
}

export interface VersionSettings {
  /** How long a version may take until it answers, in milliseconds. */
  readonly startupMs: number;
  /** How long a version that is replaced may take to answer what it was asked, in milliseconds. */
  readonly drainMs: number;
}

/** What the supervisor serves. */
export interface Serving { readonly versions: readonly { readonly id: string; readonly replicas: number; readonly traffic: number }[] }

export const deploymentsIn = (stateDir: string): string => join(stateDir, "deployments");

/** One deployment's folder. */
export function deploymentFolder(root: string, name: string) {
  const dir = join(root, name);
  const path = (file: string) => join(dir, file);
  return {
    dir, path,
    version: (id: string) => join(dir, "versions", id),
    read: (): DeploymentRecord | undefined => {
      const found = readJson<DeploymentRecord>(path("deployment.json"));
      if (found === undefined || (found.recordVersion as number) === 1) return found;
      throw new MlstackError("MLS5001", `the deployment ${name} was made by a newer version of mlstack`, { why: path("deployment.json"), fix: "upgrade mlstack" });
    },
    write: async (record: DeploymentRecord): Promise<void> => writeJson(path("deployment.json"), record, 0o600),
    serving: (): Serving | undefined => readJson<Serving>(path("serving.json")),
    processes: (): readonly ProcessId[] => readJson<{ processes: ProcessId[] }>(path("processes.json"))?.processes ?? [],
    versionIds: (): string[] => { try { return readdirSync(join(dir, "versions")); } catch { return []; } },
    versionRecord: (id: string): VersionRecord | undefined => readJson<VersionRecord>(join(dir, "versions", id, "version.json")),
    remove: async (): Promise<void> => {
      // out of sight first: what is half removed is no deployment
      const gone = join(root, `.gone-${randomUUID()}`);
      try { await rename(dir, gone); } catch (e) { if (isMissing(e)) return; throw fsError(e, "writing", dir); }
      await rm(gone, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}
export type DeploymentFolder = ReturnType<typeof deploymentFolder>;

/** Names of the deployments that there are, sorted. */
export function deploymentNames(root: string): string[] {
  try { return readdirSync(root).filter(isDeploymentName).toSorted(); } catch (e) { if (isMissing(e)) return []; throw fsError(e, "reading", root); }
}

// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- what is read was written by this code: its type says as what
function readJson<T>(path: string): T | undefined {
  let text: string;
  try { text = readFileSync(path, "utf8"); } catch (e) { if (isMissing(e)) return undefined; throw fsError(e, "reading", path); }
  try { return JSON.parse(text) as T; } catch (cause) { throw new MlstackError("MLS7004", `${path} is damaged: it is not JSON`, { fix: "delete the deployment and deploy it again", cause }); }
}

/** Whole or not at all, also for who reads it now. */
export async function writeJson(path: string, value: object, mode = 0o644): Promise<void> {
  const partial = `${path}.${process.pid}.${randomUUID()}`;
  try {
    await mkdir(join(path, ".."), { recursive: true });
    const file = await open(partial, "wx", mode);
    try {
      await file.writeFile(`${JSON.stringify(value, null, 1)}\n`);
      await file.sync();
    } finally { await file.close(); }
    await rename(partial, path);
  } catch (e) {
    await rm(partial, { force: true });
    throw fsError(e, "writing", path);
  }
}
