import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { DriverLaunch, LaunchHere, Orchestrator, StepLaunch } from "@mlstack/core";
import { playActor, STAGE } from "../actor.ts";

/** What a client in a process of its own is to start. */
export type ClientLaunch = { readonly step: StepLaunch } | { readonly driver: DriverLaunch };

/** A client in a process of its own, which has started something. */
export interface Client {
  /** Of the handle. */
  readonly id: string;
  /** Ends it as a machine's failure would. */
  kill(): Promise<void>;
  /** Has it end in order, without closing anything. */
  leave(): Promise<void>;
}

/**
 * The program of a client, for `OrchestratorSubject.client`: opens the orchestrator, starts what it is told on its standard input, and says the handle's id.
 */
export async function conformanceClient(open: () => Promise<Orchestrator>): Promise<void> {
  // base64: for readline more characters end a line than one
  for await (const told of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    const line = Buffer.from(told, "base64").toString();
    if (line === "leave") process.exit(0);
    const launch = JSON.parse(line) as ClientLaunch;
    const { launch: launcher } = await open();
    const hereOf = (env: StepLaunch["env"]): LaunchHere => ({ run: (signal) => playActor(env[STAGE], { signal }), report: () => undefined });
    const handle = "step" in launch
      ? await launcher!.start({ ...launch.step, here: launcher!.sees === "project" ? hereOf(launch.step.env) : undefined })
      : await launcher!.startDriver!(launch.driver);
    console.log(JSON.stringify({ id: handle.id }));
  }
}

/** @param args of Node */
export async function startClient(args: readonly string[], launch: ClientLaunch): Promise<Client> {
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  const exited = once(child, "exit");
  child.stdin.on("error", () => undefined);
  const tell = (line: string) => child.stdin.write(`${Buffer.from(line).toString("base64")}\n`);
  tell(JSON.stringify(launch));
  const said = new Promise<string>((done) => { createInterface({ input: child.stdout, crlfDelay: Infinity }).once("line", done); });
  const line = await Promise.race([said, exited.then(([code]) => { throw new Error(`the client has ended with ${String(code)}, and was to start something`); })]);
  return {
    id: (JSON.parse(line) as { readonly id: string }).id,
    async kill() { child.kill("SIGKILL"); await exited; },
    async leave() { tell("leave"); await exited; },
  };
}
