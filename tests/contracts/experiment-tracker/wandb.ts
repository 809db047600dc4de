import { MlstackError, type ExperimentTracker, type LogOptions, type TrackedRun, type TrackedStatus, type TrackerEvent } from "@mlstack/core";
import { patiently, vendorError, type Sent, type Transport } from "../testing/tape.ts";

/** Proposed: what a tracker says of itself, for the engine to keep to. */
export interface TrackerTraits {
  /** `one`: only one process at a time may call `log` for a run; the engine then sends from the driver. */
  readonly writers: "one" | "many";
  /** The engine calls `log` (with no events if there are none) at least this often while the run goes on, in milliseconds. */
  readonly keepAliveMs?: number;
}

interface Bucket { readonly config: string; readonly historyLineCount: number }
/** What this process knows of a run. */
interface Stream { offset: number; readonly seen: Set<string>; config: Record<string, { value: unknown }> }

const PAGE = 1000;
const number = (value: number): number | string => (Number.isFinite(value) ? value : Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");

/**
 * Weights & Biases on paper. History is a file that grows by lines at offsets: writing the same lines at the same offset again changes
 * nothing, which makes a resend safe, and writing other lines there replaces them, which makes a second writer a loss.
 */
export function wandbTracker(send: Transport, entity: string, project: string): ExperimentTracker & TrackerTraits {
  const streams = new Map<string, Promise<Stream>>();
  const turns = new Map<string, Promise<void>>();

  async function graphql<T>(query: string, variables: object): Promise<T> {
    const { answer } = await patiently(send, { method: "POST", url: "/graphql", body: { query, variables } });
    if (answer.status !== 200) throw vendorError(query, answer);
    const { data, errors } = answer.body as { data?: T; errors?: { message: string }[] };
    // Refusals come with status 200.
    if (errors !== undefined || data === undefined) throw new MlstackError(/permission|access/i.test(errors?.[0]?.message ?? "") ? "MLS6002" : "MLS6003", `${query}: ${errors?.[0]?.message ?? "no data"}`);
    return data;
  }
  const post = async (run: string, body: object): Promise<void> => {
    const sent: Sent = { method: "POST", url: `/files/${entity}/${project}/${run}/file_stream`, body };
    const { answer } = await patiently(send, sent);
    if (answer.status === 404) throw new MlstackError("MLS6003", `the run ${run} was deleted`);
    if (answer.status !== 200) throw vendorError(`file_stream of ${run}`, answer);
  };
  const upsert = (variables: object) => graphql<{ upsertBucket: { bucket: { id: string } } }>("UpsertBucket", { entity, project, ...variables });
  const find = async (name: string) => (await graphql<{ model: { bucket: Bucket | null } | null }>("RunResumeStatus", { entity, project, name })).model?.bucket ?? undefined;

  /** Where an earlier process stopped, and what it had sent: by the ids that are in the lines. */
  async function load(name: string): Promise<Stream> {
    const bucket = await find(name);
    if (bucket === undefined) throw new MlstackError("MLS6003", `there is no run ${name}`);
    const seen = new Set<string>();
    for (let from = 0; from < bucket.historyLineCount; from += PAGE) {
      const page = await graphql<{ project: { run: { history: string[] } } }>("HistoryPage", { entity, project, run: name, minStep: from, maxStep: from + PAGE, pageSize: PAGE });
      for (const line of page.project.run.history) seen.add((JSON.parse(line) as { mlstack_id: string }).mlstack_id);
    }
    return { offset: bucket.historyLineCount, seen, config: JSON.parse(bucket.config) as Stream["config"] };
  }
  const streamOf = (name: string): Promise<Stream> => {
    const open = streams.get(name) ?? load(name);
    streams.set(name, open);
    open.catch(() => streams.delete(name));
    return open;
  };

  return {
    contract: "experiment_tracker@1",
    writers: "one",
    // The server calls a run crashed after five minutes without a request to its file stream.
    keepAliveMs: 60_000,

    async startRun(run: TrackedRun) {
      const name = run.runId;
      const config = Object.fromEntries(Object.entries({ ...run.params, mlstack: { ...run.tags, run: run.runId } }).map(([k, value]) => [k, { value }]));
      const before = await find(name);
      // By name this creates or finds. `config` replaces the whole of it: what steps have logged into it must come along.
      const merged = { ...config, ...(before && JSON.parse(before.config) as object) };
      await upsert({ name, displayName: run.pipeline, config: JSON.stringify(merged), state: "running" });
      streams.delete(name);
      if (before === undefined) streams.set(name, Promise.resolve({ offset: 0, seen: new Set(), config }));
      return { externalId: name, url: `/${entity}/${project}/runs/${name}` };
    },

    log(name, events, options?: LogOptions) {
      // Steps side by side call this at once, and each call needs to know where the one before ended.
      const turn = (turns.get(name) ?? Promise.resolve()).catch(() => {}).then(() => write(name, events, options));
      turns.set(name, turn);
      // What has arrived of a call that failed is not known: the next one looks.
      return turn.catch((e: unknown) => { streams.delete(name); throw e; });
    },

    async finishRun(name, status: TrackedStatus) {
      // W&B has no word for cancelled here; the config has ours.
      const stream = await streamOf(name);
      if (status === "cancelled") await upsert({ name, config: JSON.stringify({ ...stream.config, mlstack_status: { value: status } }) });
      await post(name, { complete: true, exitcode: status === "completed" ? 0 : 1 });
    },
  };

  async function write(name: string, events: readonly TrackerEvent[], options: LogOptions | undefined): Promise<void> {
    if (events.length === 0) return await post(name, {});
    const stream = await streamOf(name);
    const fresh = events.filter((e) => !stream.seen.has(e.id));
    const metrics = fresh.filter((e) => e.kind === "metric");
    // W&B's own step must grow by line, so ours is a value that charts are told to use as their x axis.
    const content = metrics.map((e, i) => JSON.stringify({ _step: stream.offset + i, _timestamp: e.time / 1000, mlstack_step: e.step, [e.key]: number(e.value), mlstack_id: e.id }));
    if (content.length > 0) {
      await post(name, { files: { "wandb-history.jsonl": { offset: stream.offset, content } } });
      stream.offset += content.length;
    }
    const settings = fresh.filter((e) => e.kind === "param" || e.kind === "tag");
    if (settings.some((e) => stream.config[e.key]?.value !== e.value)) {
      for (const e of settings) stream.config[e.key] = { value: e.value };
      await upsert({ name, config: JSON.stringify(stream.config) });
    }
    for (const e of fresh) if (e.kind === "file") await upload(name, e, options);
    for (const e of fresh) stream.seen.add(e.id);
  }

  /** Files go by name, so a second upload replaces the first with the same bytes. */
  async function upload(run: string, event: TrackerEvent & { readonly kind: "file" }, options: LogOptions | undefined): Promise<void> {
    if (options?.open === undefined) return;
    const { createRunFiles } = await graphql<{ createRunFiles: { files: { name: string; uploadUrl: string }[] } }>("CreateRunFiles", { entity, project, run, files: [event.key] });
    const chunks: Uint8Array[] = [];
    for await (const chunk of options.open(event.value)) chunks.push(chunk);
    const { answer } = await patiently(send, { method: "PUT", url: createRunFiles.files[0]!.uploadUrl, body: Buffer.concat(chunks) });
    if (answer.status !== 200) throw vendorError(event.key, answer);
  }
}
