import { createHash, randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { encodeValue, type DeployRequest, type InputDir } from "@mlstack/core";
import { z } from "zod";
import { fsError } from "../local/fs-errors.ts";
import { deployFault } from "./deploy-fault.ts";
import { writeJson, type DeploymentFolder, type VersionRecord, type VersionSettings } from "./deployment-folder.ts";

/** What a timer can wait, in milliseconds: 24 days. One that is longer ends at once. */
const LONGEST_MS = 2 ** 31 - 1;

const settingsSchema = z.strictObject({
  startupMs: z.int().min(1).max(LONGEST_MS).default(120_000),
  drainMs: z.int().min(0).max(LONGEST_MS).default(30_000),
});

/** The settings of a version. Throws MLS6003 `invalid` for one that is not known. */
export function settingsOf({ settings = {} }: Pick<DeployRequest, "settings">): VersionSettings {
  const parsed = settingsSchema.safeParse(settings);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw deployFault("invalid", `the settings of the deployment are invalid: ${[...issue!.path.map(String), ""].join(".").replace(/\.$/, ": ")}${issue!.message}`, { fix: "known are startupMs and drainMs, in milliseconds" });
}

/** What names a version: made of the model, the servable with its code, resources and settings; the same in every process. */
export function versionId({ model, servable, resources, settings }: DeployRequest): string {
  const served = servable.kind === "predictor" ? ["predictor", servable.code.digest, servable.code.entry, servable.export] : servable.kind === "image" ? ["image", servable.reference] : ["format"];
  return createHash("sha256").update(JSON.stringify(encodeValue([model.digest, model.format, served, resources ?? null, settings ?? null]))).digest("hex").slice(0, 16);
}

/**
 * Lays out a version: its model and its code are copied, so that neither edits nor a clean-up of the store reach what is served. Once it is
 * there it is never written to again.
 */
export async function layOutVersion(folder: DeploymentFolder, id: string, { model, servable, ...request }: DeployRequest): Promise<void> {
  const to = folder.version(id);
  if (folder.versionRecord(id) !== undefined) return;
  const partial = join(folder.dir, "versions", `.${id}-${randomUUID()}`);
  try {
    const opened = await model.open();
    await copyAll(opened, join(partial, "model"));
    if (servable.kind === "predictor") await copyAll(await servable.code.open(), join(partial, "code"));
    const record: VersionRecord = {
      versionVersion: 1, id, digest: model.digest, format: model.format, model: opened.files, settings: settingsOf(request),
      servable: servable.kind === "predictor" ? { kind: "predictor", module: servable.module, export: servable.export, entry: servable.code.entry, code: servable.code.digest } : { kind: "format" },
    };
    await writeJson(join(partial, "version.json"), record);
    // a half one is what a process left that was killed in a rename's way
    await rm(to, { recursive: true, force: true });
    await rename(partial, to);
  } catch (e) {
    await rm(partial, { recursive: true, force: true });
    throw fsError(e, "writing", to);
  }
}

async function copyAll(from: InputDir, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const { path } of from.files) {
    const at = join(to, path);
    await mkdir(dirname(at), { recursive: true });
    await pipeline(from.stream(path), createWriteStream(at));
  }
}
