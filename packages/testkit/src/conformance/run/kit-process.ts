import { spawn } from "node:child_process";
import { programOf } from "../kit/program.ts";
import { SEED } from "../kit/seed.ts";
import type { FromKit, KitTask, ToKit } from "./messages.ts";

/** How a kit's process ended: what a person would say of it. */
export interface ProcessGone { readonly how: string }

export interface KitProcess {
  /** Asks it to end in order. */
  stop(): void;
  /** Ends it at once, for a reason. */
  kill(why: string): void;
  /** Resolves when it is gone and all that it said is told. Never rejects. */
  readonly gone: Promise<ProcessGone>;
}

export interface ProcessOptions {
  readonly tempDir: string;
  said(message: FromKit): void;
  /** What the plugin printed, or the target. */
  printed(text: string): void;
}

/** Starts a process for a task, in a group of its own: a terminal's Ctrl-C does not reach it, and nothing that it has started outlives it. */
export function startKitProcess(task: KitTask, { tempDir, said, printed }: ProcessOptions): KitProcess {
  const isGroup = process.platform !== "win32";
  const child = spawn(process.execPath, ["--enable-source-maps", programOf("conformance/run/kit-main"), tempDir], {
    cwd: task.folder, detached: isGroup, stdio: ["ignore", "pipe", "pipe", "ipc"],
    env: { ...process.env, [SEED]: String(task.seed), TMPDIR: tempDir, TEMP: tempDir, TMP: tempDir },
  });
  let why: string | undefined;
  const kill = (reason: string) => {
    why ??= reason;
    try { if (isGroup && child.pid !== undefined) process.kill(-child.pid, "SIGKILL"); else child.kill("SIGKILL"); } catch { /* it is gone */ }
  };
  const tell = (message: ToKit) => { if (child.connected) child.send(message, () => undefined); };
  const withParent = () => kill("the kit has ended");
  process.once("exit", withParent);
  child.on("message", (message) => said(message as FromKit));
  for (const stream of [child.stdout!, child.stderr!]) stream.setEncoding("utf8").on("data", printed).on("error", () => undefined);
  const gone = new Promise<ProcessGone>((done) => {
    let ended: string | undefined;
    child.once("error", (e) => { done({ how: `it could not be started: ${e.message}` }); });
    child.once("exit", (code, signal) => {
      ended = why ?? (signal === null ? `it ended with exit code ${code}` : `it was ended by ${signal}`);
      // a process that it has left holds its output open: nothing outlives the run
      kill(ended);
    });
    // what it has said is told until its channel is closed, which may be after its end
    let open = 2;
    const closed = () => { open -= 1; if (open === 0) done({ how: ended ?? "it ended" }); };
    child.once("close", closed);
    child.once("disconnect", closed);
  }).finally(() => { process.off("exit", withParent); });
  tell({ type: "task", task });
  return { stop: () => tell({ type: "stop" }), kill, gone };
}
