import { fork, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Tensor } from "@mlstack/core";
import { packageDir } from "../../plugins.ts";
import { processId, type ProcessId } from "../../project/process-id.ts";
import { processEnv, stepEnv } from "../../step/zone.ts";
import type { FromModel, ModelMetadata, ToModel } from "../model/messages.ts";
import { eachLine } from "./lines.ts";

/** How a request to a model's process ended. */
export type ModelAnswer =
  | { readonly status: "answered"; readonly outputs: readonly Tensor[] }
  | { readonly status: "invalid" | "failed"; readonly message: string }
  /** The process ended meanwhile: the model may have run. */
  | { readonly status: "gone" };

/** A process that answers for one version. */
export interface ModelProcess {
  readonly id: ProcessId | undefined;
  /** Resolves when it can be asked. Rejects when it ends before. */
  readonly ready: Promise<ModelMetadata>;
  /** Resolves with how, when it has ended. */
  readonly gone: Promise<string>;
  /** How many requests it is answering. */
  readonly busy: number;
  infer(inputs: readonly Tensor[]): Promise<ModelAnswer>;
  /** Ends it, and what it has started, at once. */
  kill(): void;
}

/** How long to wait for what a process that has ended has printed, in milliseconds: what it has started may hold its output open. */
const LAST_WORDS_MS = 2000;

/**
 * @param dir the version's folder
 * @param print told of every line that it prints
 */
export function modelProcess(dir: string, projectDir: string, print: (line: string) => void): ModelProcess {
  let child: ChildProcess;
  try { child = fork(program(), [dir, projectDir], { cwd: projectDir, detached: process.platform !== "win32", stdio: ["ignore", "pipe", "pipe", "ipc"], execArgv: [], env: processEnv(process.env, stepEnv([], process.env)) }); } catch (e) { return neverStarted(e as Error); }
  const calls = new Map<number, (answer: ModelAnswer) => void>();
  let next = 0;
  let said: string | undefined;
  // there are none where the system had no room for them
  for (const stream of [child.stdout, child.stderr]) if (stream !== null && stream !== undefined) eachLine(stream, print);
  const settle = (call: number, answer: ModelAnswer) => {
    const done = calls.get(call);
    calls.delete(call);
    done?.(answer);
  };
  const kill = () => {
    if (child.pid === undefined) return;
    try { process.kill(process.platform === "win32" ? child.pid : -child.pid, "SIGKILL"); } catch { child.kill("SIGKILL"); }
  };
  let announce!: (metadata: ModelMetadata) => void;
  const announced = new Promise<ModelMetadata>((done) => { announce = done; });
  const gone = new Promise<string>((done) => {
    const ended = (how: string) => {
      // what it has started does not go on without it
      kill();
      for (const call of calls.keys()) settle(call, { status: "gone" });
      // what it printed last may still be on its way, and says most
      const over = () => { clearTimeout(late); done(said ?? how); };
      const late = setTimeout(over, LAST_WORDS_MS);
      child.once("close", over);
    };
    child.once("error", (e) => { if (child.pid === undefined) ended(`it could not be started: ${e.message}`); });
    child.once("exit", (code, signal) => ended(signal === null ? `its process ended with ${code}` : `its process was ended by ${signal}`));
  });
  const ready = Promise.race([announced, gone.then((how): never => { throw new Error(how); })]);
  ready.catch(() => undefined);
  child.on("message", (message: FromModel) => {
    switch (message.kind) {
      case "ready": announce(message.metadata); break;
      case "failed": said = message.message; break;
      case "answer": settle(message.call, { status: "answered", outputs: message.outputs }); break;
      case "refused": settle(message.call, { status: message.fault, message: message.message }); break;
    }
  });
  return {
    id: child.pid === undefined ? undefined : processId(child.pid), ready, gone, kill,
    get busy() { return calls.size; },
    infer: (inputs) => new Promise((done) => {
      const call = next++;
      calls.set(call, done);
      const message: ToModel = { kind: "infer", call, inputs };
      // one that can't be told has ended, or is about to: its end settles the call, unless it has been
      if (!child.connected) settle(call, { status: "gone" });
      else try { child.send(message, (e) => { if (e !== null) settle(call, { status: "gone" }); }); } catch (e) { settle(call, { status: "failed", message: `it can't be handed the request: ${(e as Error).message}` }); }
    }),
  };
}

/** The system has no room for another process at the moment. */
function neverStarted({ message }: Error): ModelProcess {
  const how = `it could not be started: ${message}`;
  const ready = Promise.reject<ModelMetadata>(new Error(how));
  ready.catch(() => undefined);
  return { id: undefined, ready, gone: Promise.resolve(how), busy: 0, infer: () => Promise.resolve({ status: "gone" }), kill: () => undefined };
}

function program(): string {
  return [join(packageDir, "dist", "deploy", "model", "model-main.js"), join(packageDir, "src", "deploy", "model", "model-main.ts")].find((path) => existsSync(path))!;
}
