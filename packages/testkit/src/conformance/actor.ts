import { spawn } from "node:child_process";
import { readFileSync, writeSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { hostname } from "node:os";

/** The environment variable that tells a step of the orchestrators' suite where the test listens, and as whom it is expected. */
export const STAGE = "CONFORMANCE_STAGE";

/** What an actor says of itself when it begins. */
export interface ActorHello {
  readonly token: string;
  readonly host: string;
  readonly pid: number;
  /** Arguments of its program. */
  readonly args: readonly string[];
  /** All that anybody who lists the machine's processes sees of it. */
  readonly commandLine: readonly string[];
  /** `spec.json` of its working folder, where there is one. */
  readonly spec?: unknown;
}

/**
 * What the test has an actor do. `return`: end as a step does that is done. `exit`, `die`: end its process, by a code or by SIGKILL. `print`: to the
 * standard output. `block`: hold up its thread for ever. `stay`: go on in spite of signals. `child`: start a process that stays. `env`: say what variables hold.
 */
export type Cue =
  | { readonly do: "return" | "die" | "block" | "stay" | "child" | "answer" }
  | { readonly do: "exit"; readonly code: number }
  | { readonly do: "print"; readonly text: string }
  | { readonly do: "env"; readonly names: readonly string[] };

/** What an actor says: who it is, that it is told to stop, or what it was asked. */
export interface ActorWord {
  readonly hello?: ActorHello | undefined;
  /** The reason of its abort signal. */
  readonly aborted?: string | undefined;
  readonly answer?: Readonly<Record<string, string>> | undefined;
}

/**
 * The code of a step of the orchestrators' suite: does what the test tells it over a connection of its own, until it is told to end, its signal is aborted, or
 * the test is gone.
 *
 * @param stage the value of `CONFORMANCE_STAGE`; that of this process by default
 * @param options `signal`: the step's
 */
export async function playActor(stage: string | undefined = process.env[STAGE], { signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
  const [, host, port, token] = /^(.+):(\d+)\/(.+)$/.exec(stage ?? "") ?? [];
  if (host === undefined || token === undefined) throw new Error(`${STAGE} does not say where the test listens: ${stage}`);
  const socket = connect(Number(port), host);
  const say = (word: ActorWord, said?: () => void) => { if (!socket.destroyed) socket.write(`${JSON.stringify(word)}\n`, said); };
  let stays = false;
  let settle!: () => void;
  const over = new Promise<void>((done) => { settle = done; });
  const act: Readonly<Record<Cue["do"], (cue: Cue) => void>> = {
    return: () => settle(),
    die: () => { process.kill(process.pid, "SIGKILL"); },
    exit: (cue) => { if (cue.do === "exit") process.exit(cue.code); },
    answer: () => say({ answer: {} }),
    print: (cue) => { if (cue.do === "print") print(cue.text); say({ answer: {} }); },
    stay: () => { stays = true; process.on("SIGTERM", () => undefined); say({ answer: {} }); },
    child: () => { startChild(`${host}:${port}/${token}.child`); say({ answer: {} }); },
    env: (cue) => { if (cue.do === "env") say({ answer: Object.fromEntries(cue.names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]))) }); },
    // once the answer has left: nothing leaves a thread that is held up
    block: () => say({ answer: {} }, () => { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); }),
  };
  const stopped = () => { say({ aborted: signal?.reason instanceof Error ? signal.reason.message : String(signal?.reason) }); if (!stays) settle(); };
  eachLine(socket, (line) => { const cue = JSON.parse(line) as Cue; act[cue.do](cue); });
  // a test that is gone needs no actors
  socket.on("error", settle).on("close", settle);
  say({ hello: { token, host: hostname(), pid: process.pid, args: process.argv.slice(2), commandLine: [process.title, ...process.execArgv, ...process.argv], spec: specHere() } });
  if (signal?.aborted === true) stopped(); else signal?.addEventListener("abort", stopped, { once: true });
  try { await over; } finally {
    signal?.removeEventListener("abort", stopped);
    // what was said arrives before the end does
    await new Promise<void>((done) => { if (socket.destroyed) done(); else socket.once("close", () => done()).end(); });
  }
}

/** The lines that a connection brings. Not by `readline`, for which U+2028 ends a line, too. */
export function eachLine(socket: Socket, take: (line: string) => void): void {
  let rest = "";
  socket.setEncoding("utf8").on("data", (text: string) => {
    const lines = `${rest}${text}`.split("\n");
    rest = lines.pop()!;
    for (const line of lines) take(line);
  });
}

function specHere(): unknown {
  try { return JSON.parse(readFileSync("spec.json", "utf8")); } catch { return undefined; }
}

function startChild(stage: string): void {
  const program = `const { playActor } = await import(${JSON.stringify(import.meta.url)}); await playActor();`;
  spawn(process.execPath, ["--input-type=module", "-e", program], { env: { ...process.env, [STAGE]: stage }, stdio: "ignore" });
}

/** To the descriptor itself, as native code does it; a pipe may be full for a moment. */
function print(text: string): void {
  let rest = Buffer.from(text);
  while (rest.byteLength > 0) {
    try { rest = rest.subarray(writeSync(1, rest)); } catch (e) { if ((e as { code?: string }).code !== "EAGAIN") throw e; }
  }
}
