import { MlstackError, type TrackerEvent } from "@mlstack/core";
import { proxyPath } from "../rest/artifacts.ts";
import type { MlflowClient, Options } from "../rest/client.ts";
import { legalKey, legalPath } from "./names.ts";
import { compareStamps, formatStamp, parseStamp, stampOf, TAG } from "./tags.ts";

type FileEvent = Extract<TrackerEvent, { kind: "file" }>;
type OpenBytes = (sha256: string) => AsyncIterable<Uint8Array>;

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
  for (const shown of [event.key, `${event.node}/${event.key}`]) {
    const path = legalPath(shown);
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

/**
 * Uploads files through the server, each whole, then notes it in a tag.
 *
 * @param tags of the run; what is uploaded is added
 * @throws MLS6003 when the server does not serve the run's files
 */
export async function uploadFiles(client: MlflowClient, runId: string, events: readonly FileEvent[], tags: Map<string, string>, open: OpenBytes | undefined, options: Options): Promise<void> {
  let root: string | undefined;
  for (const event of events) {
    const plan = planFile(event, tags);
    if (plan === undefined) continue;
    root ??= await rootOf(client, runId, options);
    if (open === undefined) throw new MlstackError("MLS6003", `the file ${event.key} cannot be shown: its bytes cannot be opened`, { why: "the caller of the tracker gave no `open`" });
    await client.putArtifact(`${root}/${plan.path}`, { size: event.size, open: () => open(event.value) }, options);
    await client.setTag(runId, { key: plan.tag, value: plan.value }, options);
    tags.set(plan.tag, plan.value);
  }
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
