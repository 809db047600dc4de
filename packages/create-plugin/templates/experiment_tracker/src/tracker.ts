import { once } from "node:events";
import { randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { access, appendFile, constants, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { MlstackError, shownName, type ExperimentTracker, type LogOptions, type TrackerEvent } from "@mlstack/core";

type Refused = { readonly id: string; readonly reason: string };

/**
 * A folder for each run: `run.json`, `events.jsonl` with an event in each line, and `files`. With a service, its client is made here, and each method is
 * a request or two of it; what the service says is turned into the contract's codes in one place, as `failure` does.
 */
export function acmeTracker(path: string, projectDir: string): ExperimentTracker {
  const root = resolve(projectDir, path);
  const at = (run: string, ...name: readonly string[]): string => join(root, encodeURIComponent(run), ...name);

  /** @throws MLS6003 for a run that is not there: nobody has started it, or somebody has removed it */
  const must = async (run: string): Promise<object> => {
    try { return JSON.parse(await readFile(at(run, "run.json"), "utf8")) as object; } catch (e) {
      throw isMissing(e) ? new MlstackError("MLS6003", `there is no tracked run ${run}`) : failure(e, run);
    }
  };
  const write = async (run: string, document: object): Promise<void> => {
    const half = at(run, `${randomUUID()}.half`);
    try { await writeFile(half, `${JSON.stringify(document, null, 2)}\n`); await rename(half, at(run, "run.json")); } catch (e) { throw failure(e, run); }
  };

  return {
    contract: "experiment_tracker@1",

    async startRun(wanted, { signal } = {}) {
      signal?.throwIfAborted();
      // the id of a run is here what the pipeline's run has
      const { externalId: _, ...run } = wanted;
      try { await mkdir(at(run.runId), { recursive: true }); } catch (e) { throw failure(e, run.runId); }
      // one that is there is running again, and keeps what it has
      const before = await must(run.runId).catch((e: unknown) => { if (MlstackError.is(e, "MLS6003")) return run; throw e; });
      await write(run.runId, { ...before, status: "running", endedAt: undefined });
      return { externalId: run.runId };
    },

    async log(run, events, { open, resent = false, signal } = {}) {
      signal?.throwIfAborted();
      await must(run);
      // only of events that are sent again some may be there already
      const known = resent ? await idsIn(at(run, "events.jsonl")) : new Set<string>();
      const fresh = events.filter((one) => !known.has(one.id));
      const refused: Refused[] = [];
      for (const one of fresh) if (one.kind === "file" && open !== undefined) refused.push(...await keep(at(run, "files"), one, open, signal));
      // a line that was cut off by the death of a process must not swallow the next one, so each call begins a line of its own
      if (fresh.length > 0) await appendFile(at(run, "events.jsonl"), `\n${fresh.map(lineOf).join("\n")}\n`).catch((e: unknown) => { throw failure(e, run); });
      return { refused };
    },

    async finishRun(run, status, endedAt, { signal } = {}) {
      signal?.throwIfAborted();
      await write(run, { ...await must(run), status, endedAt });
    },

    async check() {
      const error = await mkdir(root, { recursive: true }).then(() => access(root, constants.W_OK)).then(() => undefined, (e: unknown) => failure(e, root));
      return [{ name: "folder writable", ok: error === undefined, message: error?.message ?? root }];
    },
  };
}

/** JSON has no NaN and no infinities. */
const lineOf = (event: TrackerEvent): string => JSON.stringify(event, (_, value: unknown) => (typeof value === "number" && !Number.isFinite(value) ? String(value) : value));

async function idsIn(file: string): Promise<ReadonlySet<string>> {
  const text = await readFile(file, "utf8").catch((e: unknown) => { if (isMissing(e)) return ""; throw failure(e, file); });
  return new Set(text.split("\n").flatMap((line) => {
    try { return line === "" ? [] : [(JSON.parse(line) as TrackerEvent).id]; } catch { return []; }
  }));
}

/** Keeps a file under the name by which it is shown. @returns why it can't be, where it can't */
async function keep(folder: string, event: TrackerEvent & { readonly kind: "file" }, open: NonNullable<LogOptions["open"]>, signal: AbortSignal | undefined): Promise<readonly Refused[]> {
  signal?.throwIfAborted();
  const name = shownName(event);
  const half = join(folder, `~${randomUUID()}`);
  try {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await unlessAborted(signal, pipeline(open(event.value), createWriteStream(half)));
    await rename(half, join(folder, name));
    return [];
  } catch (e) {
    await rm(half, { force: true });
    signal?.throwIfAborted();
    if (["EEXIST", "ENOTDIR", "EISDIR"].includes((e as { code?: string }).code ?? "")) return [{ id: event.id, reason: `where ${name} should be is a folder, or a file where its folder should be` }];
    throw failure(e, name);
  }
}

/** Bytes may be waited for that never come: an aborted call ends all the same. */
async function unlessAborted(signal: AbortSignal | undefined, work: Promise<void>): Promise<void> {
  if (signal === undefined) return work;
  const over = new AbortController();
  work.catch(() => undefined);
  try { await Promise.race([work, once(signal, "abort", { signal: over.signal }).then(() => signal.throwIfAborted())]); } finally { over.abort(); }
}

const isMissing = (e: unknown): boolean => ["ENOENT", "ENOTDIR"].includes((e as { code?: string }).code ?? "");

/** Every rejection is an MlstackError. Of a service: MLS6001 where it does not serve at the moment, MLS6002 where the credentials do not allow it, else MLS6003. */
function failure(e: unknown, what: string): MlstackError {
  if (MlstackError.is(e)) return e;
  const { code = "", message } = e as { code?: string; message?: string };
  if (code === "ENOSPC" || code === "EDQUOT") return new MlstackError("MLS3004", `no space is left for ${what}`, { cause: e });
  if (code === "EROFS" || code === "EACCES" || code === "EPERM") return new MlstackError("MLS6002", `${what} can't be written`, { cause: e });
  return new MlstackError("MLS6003", `${what} could not be written: ${message ?? code}`, { cause: e });
}
