import { MlstackError, shownName, type CallOptions, type ExperimentTracker, type LogOptions, type LogResult, type TrackerEvent } from "@mlstack/core";
import { patiently, vendorError, type Sent, type Transport } from "../testing/tape.ts";

interface Bucket { readonly config: string; readonly historyLineCount: number }
/** What this process knows of a run. */
interface Stream { offset: number; readonly seen: Set<string>; config: Record<string, { value: unknown }> }

const PAGE = 1000;
const number = (value: number): number | string => (Number.isFinite(value) ? value : Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");

/**
 * Weights & Biases on paper. History is a file that grows by lines at offsets: writing the same lines at the same offset again changes
 * nothing, which makes a resend safe, and writing other lines there replaces them, which makes a second writer a loss.
 */
export function wandbTracker(send: Transport, entity: string, project: string): ExperimentTracker {
  const streams = new Map<string, Promise<Stream>>();
  const turns = new Map<string, Promise<unknown>>();

  async function graphql<T>(query: string, variables: object, options: CallOptions | undefined): Promise<T> {
    const { answer } = await patiently(send, { method: "POST", url: "/graphql", body: { query, variables } }, options);
    if (answer.status !== 200) throw vendorError(query, answer);
    const { data, errors } = answer.body as { data?: T; errors?: { message: string }[] };
    // Refusals come with status 200.
    if (errors !== undefined || data === undefined) throw new MlstackError(/permission|access/i.test(errors?.[0]?.message ?? "") ? "MLS6002" : "MLS6003", `${query}: ${errors?.[0]?.message ?? "no data"}`);
    return data;
  }
  const post = async (run: string, body: object, options: CallOptions | undefined): Promise<void> => {
    const sent: Sent = { method: "POST", url: `/files/${entity}/${project}/${run}/file_stream`, body };
    const { answer } = await patiently(send, sent, options);
    if (answer.status === 404) throw new MlstackError("MLS6003", `the run ${run} was deleted`);
    if (answer.status !== 200) throw vendorError(`file_stream of ${run}`, answer);
  };
  const upsert = (variables: object, options: CallOptions | undefined) => graphql<{ upsertBucket: { bucket: { id: string } } }>("UpsertBucket", { entity, project, ...variables }, options);
  const find = async (name: string, options: CallOptions | undefined) => (await graphql<{ model: { bucket: Bucket | null } | null }>("RunResumeStatus", { entity, project, name }, options)).model?.bucket ?? undefined;

  /** Where an earlier process stopped, and what it had sent: by the ids that are in the lines. */
  async function load(name: string, options: CallOptions | undefined): Promise<Stream> {
    const bucket = await find(name, options);
    if (bucket === undefined) throw new MlstackError("MLS6003", `there is no run ${name}`);
    const seen = new Set<string>();
    for (let from = 0; from < bucket.historyLineCount; from += PAGE) {
      const page = await graphql<{ project: { run: { history: string[] } } }>("HistoryPage", { entity, project, run: name, minStep: from, maxStep: from + PAGE, pageSize: PAGE }, options);
      for (const line of page.project.run.history) seen.add((JSON.parse(line) as { mlstack_id: string }).mlstack_id);
    }
    return { offset: bucket.historyLineCount, seen, config: JSON.parse(bucket.config) as Stream["config"] };
  }
  const streamOf = (name: string, options: CallOptions | undefined): Promise<Stream> => {
    const open = streams.get(name) ?? load(name, options);
    streams.set(name, open);
    open.catch(() => streams.delete(name));
    return open;
  };

  return {
    contract: "experiment_tracker@1",
    writers: "one",
    // The server calls a run crashed after five minutes without a request to its file stream.
    keepAliveMs: 60_000,

    // its runs are named by whoever makes them: `externalId` is the run's own id, and says nothing that `runId` does not
    async startRun(run, options) {
      const name = run.runId;
      const config = Object.fromEntries(Object.entries({ ...run.params, mlstack: { ...run.tags, run: run.runId } }).map(([k, value]) => [k, { value }]));
      const before = await find(name, options);
      // By name this creates or finds. `config` replaces the whole of it: what steps have logged into it must come along.
      const merged = { ...config, ...(before && JSON.parse(before.config) as object) };
      await upsert({ name, displayName: run.pipeline, config: JSON.stringify(merged), state: "running" }, options);
      streams.delete(name);
      if (before === undefined) streams.set(name, Promise.resolve({ offset: 0, seen: new Set(), config }));
      return { externalId: name, url: `/${entity}/${project}/runs/${name}` };
    },

    log(name, events, options = {}) {
      // Calls side by side: each needs to know where the one before ended. What others have written is known only when it is read.
      const turn = (turns.get(name) ?? Promise.resolve()).then(() => { if (options.resent === true) streams.delete(name); return write(name, events, options); });
      turns.set(name, turn.then(() => undefined, () => undefined));
      // What has arrived of a call that failed is not known: the next one looks.
      return turn.catch((e: unknown) => { streams.delete(name); throw e; });
    },

    async finishRun(name, status, _endedAt, options) {
      // W&B has no word for cancelled here; the config has ours.
      const stream = await streamOf(name, options);
      if (status === "cancelled") await upsert({ name, config: JSON.stringify({ ...stream.config, mlstack_status: { value: status } }) }, options);
      await post(name, { complete: true, exitcode: status === "completed" ? 0 : 1 }, options);
    },
  };

  async function write(name: string, events: readonly TrackerEvent[], options: LogOptions): Promise<LogResult> {
    if (events.length === 0) { await post(name, {}, options); return { refused: [] }; }
    const stream = await streamOf(name, options);
    const fresh = events.filter((e) => !stream.seen.has(e.id));
    const metrics = fresh.filter((e) => e.kind === "metric");
    // W&B's own step must grow by line, so ours is a value that charts are told to use as their x axis.
    const content = metrics.map((e, i) => JSON.stringify({ _step: stream.offset + i, _timestamp: e.time / 1000, mlstack_step: e.step, [shownName(e)]: number(e.value), mlstack_id: e.id }));
    if (content.length > 0) {
      await post(name, { files: { "wandb-history.jsonl": { offset: stream.offset, content } } }, options);
      stream.offset += content.length;
    }
    const settings = fresh.filter((e) => e.kind === "param" || e.kind === "tag");
    if (settings.some((e) => stream.config[shownName(e)]?.value !== e.value)) {
      for (const e of settings) stream.config[shownName(e)] = { value: e.value };
      await upsert({ name, config: JSON.stringify(stream.config) }, options);
    }
    for (const e of fresh) if (e.kind === "file") await upload(name, e, options);
    for (const e of fresh) stream.seen.add(e.id);
    return { refused: [] };
  }

  /** Files go by name, so a second upload replaces the first with the same bytes. */
  async function upload(run: string, event: TrackerEvent & { readonly kind: "file" }, options: LogOptions): Promise<void> {
    if (options.open === undefined) return;
    const { createRunFiles } = await graphql<{ createRunFiles: { files: { name: string; uploadUrl: string }[] } }>("CreateRunFiles", { entity, project, run, files: [shownName(event)] }, options);
    const chunks: Uint8Array[] = [];
    for await (const chunk of options.open(event.value)) chunks.push(chunk);
    const { answer } = await patiently(send, { method: "PUT", url: createRunFiles.files[0]!.uploadUrl, body: Buffer.concat(chunks) }, options);
    if (answer.status !== 200) throw vendorError(event.key, answer);
  }
}
