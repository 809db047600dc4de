import type { Tensor } from "@mlstack/core";
import type { ProcessId } from "../../project/process-id.ts";
import type { VersionRecord } from "../deployment-folder.ts";
import type { ModelMetadata } from "../model/messages.ts";
import { modelProcess, type ModelAnswer, type ModelProcess } from "./model-process.ts";

/** A version and the processes that answer for it. Processes that end are started again, later from time to time. */
export interface ServedVersion {
  readonly record: VersionRecord;
  readonly state: "pending" | "ready" | "draining" | "failed";
  /** Of the model, once it is known. */
  readonly metadata: ModelMetadata | undefined;
  /** How many processes answer now. */
  readonly replicas: number;
  /** How many there are to be. */
  readonly wanted: number;
  /** How long a drain may take at most, in milliseconds. */
  readonly patienceMs: number;
  /** Why it failed, or why none of its processes answers at the moment. */
  readonly reason: string | undefined;
  readonly processes: readonly ProcessId[];
  /** Resolves when all replicas have answered once, or the version has failed. */
  readonly settled: Promise<void>;
  scale(replicas: number): void;
  /** `gone` also where no process answers at the moment: then `asked` is false. */
  infer(inputs: readonly Tensor[]): Promise<ModelAnswer & { readonly asked: boolean }>;
  /** Asks nothing new of it; resolves when what was asked is answered, or the time for that is over, and its processes have ended. */
  drain(): Promise<void>;
  /** Ends its processes at once; resolves when they have ended. */
  end(): Promise<void>;
}

export interface VersionSurroundings {
  readonly dir: string;
  readonly projectDir: string;
  print(version: string, line: string): void;
  /** Told whenever processes have come or gone, or the state is another one. */
  changed(): void;
  /** How long to wait before a process is started for the nth time in a row, in milliseconds. */
  backoffMs(n: number): number;
}

/** After so long a process that ends is an accident of its own, in milliseconds. */
const STABLE_MS = 30_000;
const LAST_LINES = 20;

export function servedVersion(record: VersionRecord, replicas: number, around: VersionSurroundings): ServedVersion {
  const { id, settings } = record;
  const processes = new Set<ModelProcess>();
  const ready = new Set<ModelProcess>();
  /** Those that are to go once they have answered. */
  const leaving = new Set<ModelProcess>();
  const staying = () => [...processes].filter((p) => !leaving.has(p));
  const timers = new Set<NodeJS.Timeout>();
  const lines: string[] = [];
  let state: ServedVersion["state"] = "pending";
  let metadata: ModelMetadata | undefined;
  let wanted = replicas;
  let reason: string | undefined;
  let failures = 0;
  let isEnding = false;
  let settle!: () => void;
  const settled = new Promise<void>((done) => { settle = done; });
  const idle: (() => void)[] = [];

  const print = (line: string) => {
    lines.push(line);
    if (lines.length > LAST_LINES) lines.shift();
    around.print(id, line);
  };
  function fail(why: string): void {
    state = "failed";
    reason = [why, ...lines].join("\n");
    isEnding = true;
    around.print(id, `failed: ${why}`);
    for (const p of processes) p.kill();
    settle();
    around.changed();
  }
  function start(): void {
    const one = modelProcess(around.dir, around.projectDir, print);
    const started = performance.now();
    processes.add(one);
    const late = setTimeout(() => { print(`it did not answer within ${settings.startupMs} ms`); one.kill(); }, settings.startupMs);
    timers.add(late);
    const inTime = () => { clearTimeout(late); timers.delete(late); };
    void one.ready.then((found) => joined(one, found, inTime), () => undefined);
    void one.gone.then((how) => left(one, how, performance.now() - started, inTime), () => undefined);
    around.changed();
  }
  function joined(one: ModelProcess, found: ModelMetadata, inTime: () => void): void {
    inTime();
    if (isEnding) return;
    metadata ??= found;
    ready.add(one);
    if (leaving.has(one)) ready.delete(one);
    else reason = undefined;
    if (state === "pending" && ready.size >= wanted) { state = "ready"; settle(); }
    around.changed();
  }
  function left(one: ModelProcess, how: string, livedMs: number, inTime: () => void): void {
    inTime();
    processes.delete(one);
    ready.delete(one);
    const wasLeaving = leaving.delete(one);
    for (const heard of idle.splice(0)) heard();
    if (isEnding) { around.changed(); return; }
    // what never came up is not tried again: who deploys it waits for an answer
    if (state === "pending") { fail(how); return; }
    if (wasLeaving || staying().length >= wanted) { around.changed(); return; }
    failures = livedMs > STABLE_MS ? 1 : failures + 1;
    const wait = around.backoffMs(failures);
    const again = `${how}; it is started again in ${wait} ms`;
    print(again);
    if (ready.size === 0) reason = again;
    const timer = setTimeout(() => { timers.delete(timer); if (!isEnding && staying().length < wanted) start(); }, wait);
    timers.add(timer);
    around.changed();
  }
  async function end(): Promise<void> {
    isEnding = true;
    settle();
    for (const timer of timers) clearTimeout(timer);
    const all = [...processes];
    for (const p of all) p.kill();
    await Promise.all(all.map(async (p) => p.gone));
  }
  for (let n = 0; n < wanted; n++) start();

  return {
    record, settled,
    get state() { return state; },
    get metadata() { return metadata; },
    get replicas() { return ready.size; },
    get wanted() { return wanted; },
    get patienceMs() { return settings.drainMs * Math.max(0, ...[...processes].map((p) => p.busy)); },
    get reason() { return reason; },
    get processes() { return [...processes].flatMap((p) => (p.id === undefined ? [] : [p.id])); },
    end,
    scale(n) {
      wanted = n;
      const now = staying();
      for (let more = now.length; more < n; more++) start();
      // the idle ones first
      const spare = now.toSorted((a, b) => a.busy - b.busy).slice(0, Math.max(0, now.length - n));
      for (const one of spare) {
        leaving.add(one);
        ready.delete(one);
        void quiet(one).then(() => one.kill());
      }
      if (state === "pending" && ready.size >= wanted) { state = "ready"; settle(); }
    },
    async infer(inputs) {
      const [one] = [...ready].toSorted((a, b) => a.busy - b.busy);
      if (one === undefined) return { status: "gone", asked: false };
      const answer = await one.infer(inputs);
      for (const heard of idle.splice(0)) heard();
      return { ...answer, asked: true };
    },
    async drain() {
      state = "draining";
      around.changed();
      await Promise.all([...processes].map(quiet));
      await end();
    },
  };

  /** Resolves when a process answers nothing any more, or has answered nothing for too long. It is asked nothing new. */
  async function quiet(one: ModelProcess): Promise<void> {
    let over = false;
    const giveUp = () => { over = true; for (const heard of idle.splice(0)) heard(); };
    let limit = setTimeout(giveUp, settings.drainMs);
    for (let { busy } = one; busy > 0 && !over;) {
      await new Promise<void>((heard) => { idle.push(heard); });
      if (one.busy === busy) continue;
      busy = one.busy;
      clearTimeout(limit);
      limit = setTimeout(giveUp, settings.drainMs);
    }
    clearTimeout(limit);
  }
}
