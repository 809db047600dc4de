import { rmSync } from "node:fs";
import { serializeError } from "@mlstack/core";
import type { RunningTarget } from "../kit/start-target.ts";
import type { FromKit, KitTask, ToKit } from "./messages.ts";
import { reportedError } from "./report.ts";
import { runTask } from "./run-task.ts";

/*
 * The program of the kit's process: it is told one task by whoever has started it, does it, and says what comes of it. The plugin's code runs here and nowhere else. It
 * ends in order when it is told to stop, when nobody listens any more, and after an error that nobody caught; argument: its temporary folder.
 */

const [, , tempDir] = process.argv;
const stop = new AbortController();
let running: RunningTarget | undefined;

// before anything of the plugin's is there: what it does to `process` does not reach these
const send = process.send!.bind(process);
const exit = process.exit.bind(process);
const say = (message: FromKit): void => { if (process.connected) send(message, undefined, undefined, () => undefined); };
const sayLast = async (message: FromKit): Promise<void> => new Promise((done) => { if (process.connected) send(message, undefined, undefined, () => done()); else done(); });

/** Ends what the target has started, if that does not take too long. */
async function leave(code: number): Promise<void> {
  const late = new Promise<void>((done) => { setTimeout(done, 10_000).unref(); });
  await Promise.race([running?.stop().catch(() => undefined), late]);
  exit(code);
}

async function lastWords(error: unknown): Promise<void> {
  await sayLast({ type: "fault", error: reportedError(error, process.cwd()) });
  await leave(70);
}

let faulty = false;
for (const event of ["uncaughtException", "unhandledRejection"] as const) {
  process.on(event, (error: unknown) => {
    if (faulty) return;
    faulty = true;
    void lastWords(error);
  });
}
// Ctrl-C is told to whoever has started this, who decides
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => undefined);
process.once("disconnect", () => {
  stop.abort();
  void leave(71);
  if (tempDir !== undefined) process.once("exit", () => { rmSync(tempDir, { recursive: true, force: true }); });
});

process.on("message", (message: ToKit) => {
  if (message.type === "stop") { stop.abort(); return; }
  void work(message.task);
});

async function work(task: KitTask): Promise<void> {
  try {
    await runTask(task, {
      say, signal: stop.signal, onRunning: (now) => { running = now; },
      watch: async (packageDir) => (await import("../watch/watch.ts")).startWatch(packageDir),
    });
    await sayLast({ type: "end" });
  } catch (error) { await sayLast({ type: "refused", error: serializeError(error) }); }
  exit(0);
}
