import { MlstackError, shownName, type LogResult, type TrackerEvent } from "@mlstack/core";
import { proxyPath } from "../rest/artifacts.ts";
import type { MlflowClient, Options } from "../rest/client.ts";
import { keySpace } from "./key-space.ts";
import { flatPath, legalKey, legalPath } from "./names.ts";
import { compareStamps, formatStamp, parseStamp, stampOf, TAG } from "./tags.ts";

type FileEvent = Extract<TrackerEvent, { kind: "file" }>;
type OpenBytes = (sha256: string) => AsyncIterable<Uint8Array>;

/** How often a file is tried that the server fails at, though it takes everything else. */
const TRIES = 3;

/** Where a file goes. */
export interface FilePlan {
  /** Below the run's files. */
  readonly path: string;
  /** The tag that says what is there: digest, author and time. */
  readonly tag: string;
  readonly value: string;
}

/**
 * Where a file event goes, by the tags of the run. A path that another node has used with other bytes stays its own, and this one's
 * file is shown below `<node>/`; of one node's files under one path the last one is shown.
 *
 * @returns undefined when the file, or a later one of that node, is there
 */
export function planFile(event: FileEvent, tags: ReadonlyMap<string, string>): FilePlan | undefined {
  const stamp = stampOf(event);
  const paths = keySpace([...tags.keys()].flatMap((key) => (key.startsWith(TAG.file) ? [key.slice(TAG.file.length)] : [])), flatPath);
  for (const shown of [shownName(event), `${event.node.replaceAll("@", "/")}/${event.key}`]) {
    const path = paths.look(legalPath(shown));
    const tag = legalKey(TAG.file + path);
    const plan = { path, tag, value: `${event.value} ${formatStamp(stamp)}` };
    const there = /^([0-9a-f]{64}) (.*)$/s.exec(tags.get(tag) ?? "");
    const author = there === null ? undefined : parseStamp(there[2]!);
    if (there === null || author === undefined) return plan;
    if (there[1] === event.value) return undefined;
    if (author.node === event.node) return compareStamps(stamp, author) < 0 ? undefined : plan;
  }
  return undefined;
}

/** What uploading needs to know beside the events. */
export interface Upload {
  /** Of the run; what is uploaded is added. */
  readonly tags: Map<string, string>;
  readonly open: OpenBytes | undefined;
  /** How often the server has failed at a file, by the event's id. */
  readonly failures: Map<string, number>;
}

/**
 * Uploads files through the server, each whole, then notes it in a tag.
 *
 * @returns those that the server does not take
 * @throws MLS6001 when it does not serve now
 */
export async function uploadFiles(client: MlflowClient, runId: string, events: readonly FileEvent[], { tags, open, failures }: Upload, options: Options): Promise<LogResult["refused"]> {
  const refused: { id: string; reason: string }[] = [];
  let root: string | undefined;
  for (const event of events) {
    const plan = planFile(event, tags);
    if (plan === undefined) continue;
    try {
      root ??= await rootOf(client, runId, options);
      if (open === undefined) throw new MlstackError("MLS6003", "the bytes of files cannot be opened", { why: "the caller of the tracker gave no `open`" });
      await client.putArtifact(`${root}/${plan.path}`, { size: event.size, open: () => open(event.value) }, options);
      await client.setTag(runId, { key: plan.tag, value: plan.value }, options);
      tags.set(plan.tag, plan.value);
    } catch (e) {
      options.signal?.throwIfAborted();
      if (!isRefusal(e, event, failures)) throw e;
      refused.push({ id: event.id, reason: e.message });
    }
  }
  return refused;
}

/**
 * Whether a file will never be taken. A server whose place for files does not work answers 500 to each, and serves otherwise: what it has
 * failed at a few times must not hold up the rest for ever.
 */
function isRefusal(e: unknown, { id }: FileEvent, failures: Map<string, number>): e is MlstackError {
  if (MlstackError.is(e, "MLS6003")) return true;
  if (!MlstackError.is(e, "MLS6001") || e.details?.["status"] !== 500) return false;
  const n = (failures.get(id) ?? 0) + 1;
  failures.set(id, n);
  return n >= TRIES;
}

async function rootOf(client: MlflowClient, runId: string, options: Options): Promise<string> {
  const { info } = await client.getRun(runId, options);
  const root = proxyPath(info.artifact_uri);
  if (root !== undefined) return root;
  throw new MlstackError("MLS6003", `files cannot be shown in MLflow: those of this run lie at ${info.artifact_uri.replace(/\/\/[^/@]*@/, "//")}, outside of the server`, {
    why: "an experiment keeps the place for its files that it was made with, and this one was made by a server without --serve-artifacts",
    fix: "start the server with --serve-artifacts and use a new experiment", details: { service: "mlflow", server: client.server, operation: "uploading files" },
  });
}
