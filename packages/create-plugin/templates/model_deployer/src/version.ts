import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import type { DeployFault, DeployedVersion, InferRequest, Tensor } from "@mlstack/core";
import type { VersionRecord } from "./records.ts";

/** What a thread answers to a request. */
export interface Answered {
  readonly outputs?: readonly Tensor[] | undefined;
  readonly fault?: { readonly reason: DeployFault; readonly message: string } | undefined;
}

/** What a thread says. */
export type FromThread = { readonly ready: true } | { readonly failed: string } | (Answered & { readonly call: number });
export interface ToThread { readonly call: number; readonly request: InferRequest }

/** A version that is served, by as many threads as it has replicas. */
export interface RunningVersion {
  readonly id: string;
  readonly digest: string;
  state: DeployedVersion["state"];
  traffic: number;
  /** Its share once it is ready. */
  wanted: number;
  /** Threads that answer. */
  readonly replicas: number;
  readonly reason: string | undefined;
  /** Whether it has come up. */
  readonly loaded: Promise<boolean>;
  scale(replicas: number): void;
  infer(request: InferRequest): Promise<Answered>;
  /** Resolves when nothing is left to be answered. */
  idle(): Promise<void>;
  end(): Promise<void>;
}

interface Thread { readonly worker: Worker; isReady: boolean; readonly calls: Map<number, (answered: Answered) => void> }

export function startVersion(dir: string, replicas: number): RunningVersion {
  const { id, digest } = JSON.parse(readFileSync(join(dir, "version.json"), "utf8")) as VersionRecord;
  let threads: Thread[] = [];
  let calls = 0;
  let settle!: (isReady: boolean) => void;
  const waiting = new Set<() => void>();
  const open = (): number => threads.reduce((sum, one) => sum + one.calls.size, 0);
  const look = (): void => { if (open() === 0) for (const done of waiting) done(); };
  let reason: string | undefined;

  const version: RunningVersion = {
    id, digest, state: "pending", traffic: 0, wanted: 1,
    get replicas() { return threads.filter((one) => one.isReady).length; },
    get reason() { return reason; },
    loaded: new Promise((done) => { settle = done; }),
    scale(wanted) {
      while (threads.length < wanted) start();
      for (const one of threads.splice(wanted)) void one.worker.terminate();
    },
    async infer(request) {
      // the one with the least to do
      const [thread] = threads.filter((one) => one.isReady).toSorted((a, b) => a.calls.size - b.calls.size);
      if (thread === undefined) return { fault: { reason: "not-ready", message: "no replica is ready" } };
      const call = ++calls;
      return new Promise((done) => {
        thread.calls.set(call, (answered) => { thread.calls.delete(call); done(answered); look(); });
        thread.worker.postMessage({ call, request } satisfies ToThread);
      });
    },
    async idle() { if (open() > 0) await new Promise<void>((done) => { waiting.add(done); }); },
    async end() { settle(false); await Promise.all(threads.splice(0).map(async (one) => one.worker.terminate())); },
  };
  version.scale(replicas);
  return version;

  function start(): void {
    // the file beside this one, built or not
    const worker = new Worker(join(import.meta.dirname, `thread${import.meta.filename.slice(-3)}`), { workerData: dir, execArgv: [] });
    const thread: Thread = { worker, isReady: false, calls: new Map() };
    threads.push(thread);
    const gone = (why: string): void => {
      if (!threads.includes(thread)) return;
      threads = threads.filter((one) => one !== thread);
      for (const answer of thread.calls.values()) answer({ fault: { reason: "failed", message: why } });
      if (version.state === "draining") return;
      if (version.state === "ready") { reason = why; start(); return; }
      // none of its threads has ever come up, and another one would not
      version.state = "failed";
      reason = why;
      void version.end();
    };
    worker.on("message", (said: FromThread) => {
      if ("failed" in said) { gone(said.failed); void worker.terminate(); return; }
      if ("call" in said) { thread.calls.get(said.call)?.(said); return; }
      thread.isReady = true;
      reason = undefined;
      if (version.state === "pending" && threads.every((one) => one.isReady)) { version.state = "ready"; settle(true); }
    });
    worker.on("error", (e) => { gone(e instanceof Error ? e.message : String(e)); });
    worker.on("exit", (code) => { gone(`its thread has ended with ${code}`); });
  }
}
