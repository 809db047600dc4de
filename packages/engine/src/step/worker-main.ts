import { realpathSync, writeSync } from "node:fs";
import { MlstackError, type StepSpec } from "@mlstack/core";
import { installSourceHooks, type GivenCode } from "@mlstack/pipeline/compile";
import { channelJournal } from "../journal/channel-journal.ts";
import { takeSecrets } from "../secrets/travelling.ts";
import type { StackSnapshot } from "../stack/stack.ts";
import { endWithParent } from "./end-with-parent.ts";
import { lastWords } from "./last-words.ts";
import { definitionSource } from "./load-definition.ts";
import { endOwnGroup } from "./own-group.ts";
import { plainOutput } from "./plain-output.ts";
import { openStepHost, type StepHost } from "./step-host.ts";
import { END_OF_OUTPUT, type FromWorker, type ToWorker } from "./worker-messages.ts";

/** Node 22 says that node:sqlite is experimental when user code imports mlstack; nobody can do anything about it. */
function quietSqliteWarning(): void {
  const emit = process.emitWarning.bind(process) as (...args: unknown[]) => void;
  process.emitWarning = ((warning: unknown, ...rest: unknown[]) => {
    if (!(warning instanceof Error ? warning.message : String(warning)).startsWith("SQLite is an experimental feature")) emit(warning, ...rest);
  });
}

/** The program of a worker process: runs one step after the other as the pool tells it, with the project as it is. */
function main(projectDir: string, stateDir: string, scratch: string): void {
  // first of all: what has taken hold of Node's own streams has set the pipes to non-blocking
  plainOutput();
  endWithParent();
  quietSqliteWarning();
  const words = lastWords();
  const realDir = realpathSync.native(projectDir);
  const first = { ...process.env };
  // the code of the plan, not what the files hold by now: they may be edited while a run is going on
  let code: GivenCode | undefined;
  installSourceHooks({ projectDir: realDir, code: () => code });
  const definitions = definitionSource(projectDir, (module) => module);
  const hosts = new Map<string, Promise<StepHost>>();
  const send = (message: FromWorker) => new Promise<void>((done) => { if (process.send === undefined || !process.send(message, () => done())) done(); });
  const journal = channelJournal((line) => send({ kind: "line", line }));
  let running: AbortController | undefined;

  const hostOf = (snapshot: StackSnapshot, secrets: Readonly<Record<string, string>>) => {
    const id = JSON.stringify(snapshot);
    let host = hosts.get(id);
    if (host === undefined) hosts.set(id, (host = openStepHost(snapshot, projectDir, stateDir, scratch, { secrets })));
    return host;
  };
  async function run(spec: StepSpec, given: Readonly<Record<string, string>>): Promise<void> {
    running = new AbortController();
    const env = { ...given };
    const host = await hostOf(spec.stack as unknown as StackSnapshot, takeSecrets(env));
    code ??= await host.code(spec.plan);
    // no step sees what another one has changed here, nor variables that only another one declares
    const declared = await host.declaredEnv(spec);
    resetEnv(first, declared, env);
    process.chdir(projectDir);
    const { signal } = running;
    await words.of(spec.node, () => host.run(spec, { journal, definitions, environment: "watch", env, signal }));
    // the pipes are not the channel: what was printed before may arrive after what is said now
    for (const fd of [1, 2]) { try { writeSync(fd, END_OF_OUTPUT); } catch { /* closed by the step */ } }
    await send({ kind: "done" });
  }
  process.on("message", (message: ToWorker) => {
    if (message.kind === "cancel") { running?.abort(new MlstackError("MLS4003", message.reason)); return; }
    // what makes it impossible to report makes the process useless: the pool sees its end, and says what it printed
    run(message.spec, message.env).catch((e: unknown) => { console.error(e); process.exit(1); });
  });
  // what a step has started must not go on either; a step that waits lets this be heard before the thread looks
  process.once("disconnect", () => endOwnGroup());
  // an interrupt from the terminal goes to every process of the group; the driver decides what it means for a step
  process.on("SIGINT", () => undefined);
}

/** The environment as it was, but for what the step declares: that is as it is given, and not there where it is not. */
function resetEnv(first: NodeJS.ProcessEnv, declared: readonly string[], given: Readonly<Record<string, string>>): void {
  for (const name of Object.keys(process.env)) if (!(name in first)) delete process.env[name];
  Object.assign(process.env, first);
  for (const name of declared) delete process.env[name];
  Object.assign(process.env, given);
}

main(process.argv[2]!, process.argv[3]!, process.argv[4]!);
