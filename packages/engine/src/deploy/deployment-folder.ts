import { randomUUID } from "node:crypto";
import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { mkdir, open, rename, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { isDeploymentName, MlstackError, type ManifestFile } from "@mlstack/core";
import { z } from "zod";
import { fsError, isMissing } from "../local/fs-errors.ts";
import type { ProcessId } from "../project/process-id.ts";
import { ownTag, sweep } from "../project/processes.ts";

/**
 * What is kept of a deployment: one folder, `<deployments>/<name>`. Each file has one writer.
 *
 * - `deployment.json` (0600), written by clients that hold the deployment's lock: address, token, supervisor
 * - `serving.json`, written by the supervisor: what serves, and with which share; what it brings up again when it is started
 * - `processes.json`, written by the supervisor: itself and the processes that run models, so that none is left where it was killed, or the record is damaged
 * - `versions/<id>/`: `version.json`, `model/` and `code/`; written before the supervisor hears of the version, never changed
 * - `log.jsonl`, `log.1.jsonl`, …: what the versions printed, by the supervisor; `supervisor.log`: what it printed itself
 */
export interface DeploymentRecord {
  readonly recordVersion: 1;
  readonly name: string;
  /** Of the folder: one that was copied elsewhere names processes that are not its own. */
  readonly dir: string;
  readonly host: string;
  /** Kept for as long as the name is; 0 until one is known. */
  readonly port: number;
  /** Who knows it may tell the supervisor what to do. */
  readonly token: string;
  /** Null when it is stopped. */
  readonly supervisor: ProcessId | null;
  /** Digest of the model that was deployed last. */
  readonly digest: string;
}

const processId = z.object({ machine: z.string(), pid: z.int().min(1), born: z.string() });
const record = z.object({ recordVersion: z.literal(1), name: z.string(), dir: z.string(), host: z.string(), port: z.int(), token: z.string().min(1), supervisor: processId.nullable(), digest: z.string() });
const newer = z.looseObject({ recordVersion: z.int().min(2) });
const serving = z.object({ versions: z.array(z.object({ id: z.string(), replicas: z.int().min(1), traffic: z.number() })) });
const processes = z.object({ dir: z.string(), supervisor: processId, models: z.array(processId) });

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
  /** How long a version that is replaced may go without answering any of what it was asked, in milliseconds. */
  readonly drainMs: number;
}

/** What the supervisor serves. */
export interface Serving { readonly versions: readonly { readonly id: string; readonly replicas: number; readonly traffic: number }[] }

export const deploymentsIn = (stateDir: string): string => join(stateDir, "deployments");

/** One deployment's folder. What is damaged is as if it were not there, but for the record and versions that are asked for. */
export function deploymentFolder(root: string, name: string) {
  const dir = join(root, name);
  const path = (file: string) => join(dir, file);
  /** Whether a file came here with a copy of its folder. One that was moved is still that folder's. */
  const isCopied = (from: string) => from !== dir && existsSync(join(from, "deployment.json")) && realpathSync(from) !== realpathSync(dir);
  return {
    dir, path,
    version: (id: string) => join(dir, "versions", id),
    /**
     * In a copy of a deployment's folder nothing serves, and it has no port yet.
     *
     * @throws MLS5001 where it is a newer version's, MLS7004 where it is damaged
     */
    read(): DeploymentRecord | undefined {
      const json = readJson(path("deployment.json"));
      if (json === undefined) return undefined;
      const parsed = record.safeParse(json);
      if (parsed.success) return isCopied(parsed.data.dir) ? { ...parsed.data, dir, port: 0, supervisor: null } : { ...parsed.data, dir };
      if (newer.safeParse(json).success) throw new MlstackError("MLS5001", `the deployment ${name} was made by a newer version of mlstack`, { why: path("deployment.json"), fix: "upgrade mlstack" });
      throw new MlstackError("MLS7004", `what is kept of the deployment ${name} is damaged`, { why: path("deployment.json"), fix: `mlstack deployment delete ${name}, and deploy it again` });
    },
    write: async (kept: DeploymentRecord): Promise<void> => writeJson(path("deployment.json"), kept, 0o600),
    serving: (): Serving | undefined => serving.safeParse(readJson(path("serving.json"))).data,
    processes(): readonly ProcessId[] {
      const found = processes.safeParse(readJson(path("processes.json"))).data;
      // the supervisor first: it would start the others again
      return found === undefined || isCopied(found.dir) ? [] : [found.supervisor, ...found.models];
    },
    versionIds: (): string[] => { try { return readdirSync(join(dir, "versions")); } catch { return []; } },
    versionRecord(id: string): VersionRecord | undefined {
      const found = readJson(join(dir, "versions", id, "version.json")) as Partial<VersionRecord> | null | undefined;
      return found?.versionVersion === 1 && found.id === id ? (found as VersionRecord) : undefined;
    },
    remove: async (): Promise<void> => {
      // out of sight first: what is half removed is no deployment, and the next one that is removed takes it along
      const gone = join(root, ".gone");
      const aside = join(gone, `${ownTag()}${randomUUID()}`);
      try {
        await mkdir(gone, { recursive: true });
        await rename(dir, aside);
      } catch (e) { if (!isMissing(e)) throw fsError(e, "writing", dir); }
      await rm(aside, { recursive: true, force: true, maxRetries: 3 });
      await sweep(gone);
      await rmdir(gone).catch(() => undefined);
    },
  };
}
export type DeploymentFolder = ReturnType<typeof deploymentFolder>;

/** Names of the deployments that there are, sorted. */
export function deploymentNames(root: string): string[] {
  try { return readdirSync(root).filter(isDeploymentName).toSorted(); } catch (e) { if (isMissing(e)) return []; throw fsError(e, "reading", root); }
}

/** Undefined where there is no such file; null where it is damaged. */
function readJson(path: string): unknown {
  let text: string;
  try { text = readFileSync(path, "utf8"); } catch (e) { if (isMissing(e)) return undefined; throw fsError(e, "reading", path); }
  try { return JSON.parse(text); } catch { return null; }
}

/** Whole or not at all, also for who reads it now. Makes no folder: that of a deployment that was removed does not come back. */
export async function writeJson(path: string, value: object, mode = 0o644): Promise<void> {
  const partial = `${path}.${process.pid}.${randomUUID()}`;
  try {
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
