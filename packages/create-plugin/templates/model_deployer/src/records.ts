import { createHash, randomUUID } from "node:crypto";
import { createWriteStream, existsSync, linkSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pipeline } from "node:stream/promises";
import { isDeploymentName, MlstackError, type DeployFault, type DeployRequest, type InputDir, type ManifestFile } from "@mlstack/core";

/** What is known of a deployment whether its process runs or not. */
export interface DeploymentRecord {
  readonly name: string;
  /** 0 before its process has been started once; kept from then on. */
  readonly port: number;
  /** Whoever knows it may change the deployment; it is shown nowhere. */
  readonly token: string;
  /** Whether it is meant to serve. */
  readonly serves: boolean;
  /** Of the model that was deployed last. */
  readonly digest: string;
}

/** A version as it was laid out, for the threads that serve it. */
export interface VersionRecord {
  readonly id: string;
  /** Of the model. */
  readonly digest: string;
  readonly format: string;
  readonly files: readonly ManifestFile[];
  /** The predictor's module in the folder `code`, and its export there. */
  readonly entry: string;
  readonly exported: string;
}

/** An error of a deployer: MLS6003 with a reason, MLS6001 where it does not serve at the moment. */
export function fault(reason: DeployFault, message: string, more: { readonly fix?: string; readonly cause?: unknown; readonly log?: string } = {}): MlstackError {
  const { log, ...parts } = more;
  return new MlstackError(reason === "overloaded" ? "MLS6001" : "MLS6003", message, { ...parts, details: { reason, ...(log !== undefined && { log }) } });
}

/** The folders of deployments. */
export interface Records {
  /** @throws MLS6003 `invalid` for what is no name */
  folderOf(name: string): string;
  names(): readonly string[];
  read(name: string): DeploymentRecord | undefined;
  write(record: DeploymentRecord): void;
  remove(name: string): Promise<void>;
  /** Copies a version's model and code, so that nothing reaches what is served. @returns its id, made of what it is */
  layOut(request: DeployRequest): Promise<string>;
  /** One change of a deployment at a time, among all processes. @throws MLS6003 `busy` */
  locked<T>(name: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T>;
}

const PATIENCE_MS = 30_000;
const LOOK_MS = 20;

export function records(root: string): Records {
  const folderOf = (name: string): string => {
    if (!isDeploymentName(name)) throw fault("invalid", `${JSON.stringify(name)} is no name of a deployment`, { fix: "begin with a lower-case letter, and use up to 39 of those, digits and -" });
    return join(root, name);
  };
  return {
    folderOf,
    names: () => (existsSync(root) ? readdirSync(root).filter((name) => existsSync(join(root, name, "record.json"))).toSorted() : []),
    read(name) {
      const file = join(folderOf(name), "record.json");
      return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as DeploymentRecord) : undefined;
    },
    write(record) {
      const file = join(folderOf(record.name), "record.json");
      writeFileSync(`${file}.half`, JSON.stringify(record), { mode: 0o600 });
      renameSync(`${file}.half`, file);
    },
    async remove(name) { await rm(folderOf(name), { recursive: true, force: true, maxRetries: 3 }); },

    async layOut({ name, model, servable, resources, settings }) {
      if (servable.kind !== "predictor") throw fault("unsupported", `a servable of the kind ${servable.kind} can't be served`, { fix: "serve the model by a predictor()" });
      const { entry, digest: code } = servable.code;
      const id = createHash("sha256").update(JSON.stringify([model.digest, model.format, code, entry, servable.export, resources ?? null, settings ?? null])).digest("hex").slice(0, 16);
      const to = join(folderOf(name), "versions", id);
      if (existsSync(to)) return id;
      const half = `${to}.${randomUUID()}`;
      const opened = await model.open();
      await copyAll(opened, join(half, "model"));
      await copyAll(await servable.code.open(), join(half, "code"));
      const version: VersionRecord = { id, digest: model.digest, format: model.format, files: opened.files, entry, exported: servable.export };
      writeFileSync(join(half, "version.json"), JSON.stringify(version));
      await rename(half, to);
      return id;
    },

    async locked(name, signal, work) {
      const lock = join(root, `.${name}.lock`);
      await mkdir(root, { recursive: true });
      for (const until = Date.now() + PATIENCE_MS; !taken(lock);) {
        signal?.throwIfAborted();
        if (Date.now() > until) throw fault("busy", `${name} is being changed by another process`, { fix: "try again later" });
        await sleep(LOOK_MS, undefined, { signal }).catch(() => { signal?.throwIfAborted(); });
      }
      try { return await work(); } finally { await rm(lock, { force: true }); }
    },
  };
}

/** Takes the lock where it is free. One whose process is gone is put away, for the next look. */
function taken(lock: string): boolean {
  const own = `${lock}.${randomUUID()}`;
  // whole at once, with the number of its process
  writeFileSync(own, String(process.pid));
  try { linkSync(own, lock); return true; } catch (e) { if ((e as { code?: string }).code !== "EEXIST") throw e; } finally { rmSync(own, { force: true }); }
  const owner = ownerOf(lock);
  if (owner === undefined || isThere(owner)) return false;
  try {
    renameSync(lock, own);
    // who was faster has put that one away and taken a new one, which goes back
    if (ownerOf(own) !== owner) linkSync(own, lock);
  } catch { /* the next look will tell */ } finally { rmSync(own, { force: true }); }
  return false;
}

function ownerOf(lock: string): number | undefined {
  try { return Number(readFileSync(lock, "utf8")); } catch { return undefined; }
}

function isThere(pid: number): boolean {
  try { process.kill(pid, 0); return true; } catch (e) { return (e as { code?: string }).code === "EPERM"; }
}

async function copyAll(from: InputDir, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const { path } of from.files) {
    await mkdir(dirname(join(to, path)), { recursive: true });
    // its bytes are compared with their digest on the way
    await pipeline(from.stream(path), createWriteStream(join(to, path)));
  }
}
