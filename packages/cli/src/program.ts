import { Command, InvalidArgumentError } from "commander";
import { readFileSync } from "node:fs";
import { flagsOf, globalFlags } from "./program/flags.ts";
import { elsewhereOf } from "./program/foreign-words.ts";
import { helpOf, showHelp } from "./program/help.ts";
import { integrationCommands } from "./program/integration-commands.ts";
import { pluginCommands } from "./program/plugin-commands.ts";
import { stackCommands } from "./program/stack-commands.ts";
import { toolCommands } from "./program/tool-commands.ts";
import { noSuchVerb, refuse, tooMany, UsageError } from "./program/usage.ts";
import type { RunFlags } from "./commands/run-file.ts";
import { writeOut } from "./ui/stdout.ts";

const RUN = "id, name, the beginning of an id, or last";
const ARTIFACT = "RUN/STEP.OUTPUT, RUN/STEP for a step's only one, or the beginning of its digest";

/** The commands, their flags and help. What they do is imported when one of them runs. */
export function buildProgram(): Command {
  const program = configure(new Command("mlstack"), "mlstack").description("Portable machine learning pipelines").version(version(), "--version", "print the version").enablePositionalOptions().allowExcessArguments();
  program.action(() => {
    const [word] = program.args;
    if (word === undefined) { program.outputHelp(); return; }
    if (/[./#]/.test(word)) throw new UsageError(`there is no command mlstack ${word}`, { fix: `mlstack run ${word}`, command: program });
    throw elsewhereOf(word, program) ?? noSuchVerb(program, verbsOf(program));
  });

  const run = command(program, "run").description("run a pipeline, or work with runs").argument("[FILE]", "module of the pipeline; FILE#NAME picks one of several");
  runsFile(run);
  command(run, "list").alias("ls").description("the latest runs, newest first")
    .option("--pipeline <name>", "of this pipeline only").option("--status <status>", "completed, failed, cancelled, running or interrupted").option("--tag <tag>", "with this tag only").option("--limit <n>", "how many", positive, 20)
    .action(async (_, self) => (await import("./commands/run-list.ts")).runList(flagsOf(self)));
  command(run, "show").description("one run: its steps, and what they made").argument("<RUN>", RUN).option("--all", "every item of every map")
    .action(async (id: string, _, self) => (await import("./commands/run-show.ts")).runShow(id, flagsOf(self)));
  command(run, "logs").description("what the steps of a run printed").argument("<RUN>", RUN).argument("[STEP]", "of this step only")
    .action(async (id: string, step: string | undefined, _, self) => (await import("./commands/run-logs.ts")).runLogs(id, step, flagsOf(self)));
  command(run, "resume").description("go on with a run that was interrupted, failed or cancelled").argument("<RUN>", RUN)
    .option("--from <step>", "run this step, and what depends on it, again").option("--file <file>", "the module that exports the pipeline now, where it has moved")
    .option("--keep-going", "after a failure go on with steps that do not depend on it")
    .option("--concurrency <n>", "run at most so many steps side by side", positive).option("--inline", "run steps in this process")
    .action(async (id: string, _, self) => (await import("./commands/run-resume.ts")).runResume(id, flagsOf(self)));
  command(run, "attach").description("follow a run that was started with --detach; Ctrl-C leaves it alone").argument("<RUN>", RUN)
    .action(async (id: string, _, self) => (await import("./commands/run-attach.ts")).runAttach(id, flagsOf(self)));
  command(run, "cancel").description("stop a run that is going on").argument("<RUN>", RUN)
    .action(async (id: string, _, self) => (await import("./commands/run-attach.ts")).runCancel(id, flagsOf(self)));

  const artifact = noun(program, "artifact", "look at what steps made");
  command(artifact, "list").alias("ls").description("the latest artifacts")
    .option("--run <run>", "of this run only").option("--pipeline <name>", "of this pipeline only").option("--step <step>", "of this step only").option("--tag <tag>", "of steps with this tag only").option("--limit <n>", "how many", positive, 40)
    .action(async (_, self) => (await import("./commands/artifact-list.ts")).artifactList(flagsOf(self)));
  command(artifact, "show").description("one artifact: format, size, metadata, where it came from").argument("<ARTIFACT>", ARTIFACT)
    .action(async (name: string, _, self) => (await import("./commands/artifact-show.ts")).artifactShow(name, flagsOf(self)));
  command(artifact, "preview").description("a glance at an artifact's value").argument("<ARTIFACT>", ARTIFACT)
    .action(async (name: string, _, self) => (await import("./commands/artifact-preview.ts")).artifactPreview(name, flagsOf(self)));

  deployments(program);
  aboutTheCache(program);
  command(program, "lineage").description("what made an artifact, and what was made of it").argument("<ARTIFACT>", `${ARTIFACT}; RUN/STEP means all that a step made`)
    .option("--up", "what made it only").option("--down", "what was made of it only").option("--depth <n>", "so many executions away at most", positive).option("--mermaid", "print a Mermaid flowchart")
    .action(async (name: string, _, self) => (await import("./commands/lineage.ts")).lineage(name, flagsOf(self)));

  command(program, "why").description("why a step ran, or why it did not have to").argument("<RUN/STEP>", "such as last/train_model")
    .action(async (name: string, _, self) => (await import("./commands/why.ts")).why(name, flagsOf(self)));
  command(program, "debug").description("run a step of a run again on this machine, with the inspector open").argument("<RUN/STEP>", "such as last/train_model")
    .option("--no-wait", "do not wait for a debugger").option("--port <port>", "of the inspector; 9229, or a free one, by default", positive).option("--with-effects", "let the step use the components that it changes things with")
    .action(async (name: string, _, self) => (await import("./commands/debug.ts")).debug(name, flagsOf(self)));
  stackCommands(program, { command, noun, collect });
  integrationCommands(program, { command, noun, collect, positive });
  pluginCommands(program, { command, noun, collect, wholeNumber });
  toolCommands(program, { command, noun, hidden, wholeNumber });
  command(program, "help").description("help on a command").argument("[COMMAND...]", "its words, such as run show").action((words: string[]) => { showHelp(program, words, verbsOf); });
  withGlobalFlags(program);
  forOrchestrators(program);
  return program;
}

function deployments(program: Command): void {
  const deployment = noun(program, "deployment", "look at models that are served, ask them, stop them");
  const NAME = "the name that the step gave it";
  command(deployment, "list").alias("ls").description("what is deployed").action(async (_, self) => (await import("./commands/deployment-show.ts")).deploymentList(flagsOf(self)));
  command(deployment, "show").description("one deployment: where it answers, its versions, what the model takes").argument("<NAME>", NAME)
    .action(async (name: string, _, self) => (await import("./commands/deployment-show.ts")).deploymentShow(name, flagsOf(self)));
  command(deployment, "predict").description("ask the model: a request of the Open Inference Protocol v2 from stdin").argument("<NAME>", NAME).option("--file <file>", "read the request from a file")
    .action(async (name: string, _, self) => (await import("./commands/deployment-predict.ts")).deploymentPredict(name, flagsOf(self)));
  command(deployment, "logs").description("what the model's code printed").argument("<NAME>", NAME).option("--lines <n>", "how many, from the end", positive, 100)
    .action(async (name: string, _, self) => (await import("./commands/deployment-logs.ts")).deploymentLogs(name, flagsOf(self)));
  command(deployment, "stop").description("end its processes; name and address stay").argument("<NAME>", NAME)
    .action(async (name: string, _, self) => (await import("./commands/deployment-change.ts")).deploymentStop(name, flagsOf(self)));
  command(deployment, "start").description("bring back what was stopped, or has died").argument("<NAME>", NAME)
    .action(async (name: string, _, self) => (await import("./commands/deployment-change.ts")).deploymentStart(name, flagsOf(self)));
  command(deployment, "delete").alias("rm").description("end it, and give up its name and address").argument("<NAME>", NAME).option("-n, --dry-run", "only say what would be removed").option("-y, --yes", "do not ask")
    .action(async (name: string, _, self) => (await import("./commands/deployment-change.ts")).deploymentDelete(name, flagsOf(self)));
}

/** Results that steps are served with, and what lies in the store. */
function aboutTheCache(program: Command): void {
  const cache = noun(program, "cache", "look at results that steps are served with, and forget them");
  command(cache, "list").alias("ls").description("results in the stack's store, the newest first")
    .option("--step <step>", "of this step of the project only").option("--pipeline <name>", "of this pipeline of the project only").option("--marked", "only those that executions have differed in").option("--limit <n>", "how many", positive, 40)
    .action(async (_, self) => (await import("./commands/cache.ts")).cacheList(flagsOf(self)));
  command(cache, "evict").description("forget results: the next execution is the first").argument("[KEY]", "a key, or at least eight characters of its beginning")
    .option("--step <step>", "all of this step").option("--pipeline <name>", "all of this pipeline").option("-n, --dry-run", "only say what would be forgotten").option("-y, --yes", "do not ask")
    .action(async (key: string | undefined, _, self) => (await import("./commands/cache.ts")).cacheEvict(key, flagsOf(self)));
  command(cache, "accept").description("take the first result for good where executions differed").argument("[KEY]", "a key, or at least eight characters of its beginning")
    .option("--step <step>", "all of this step").option("--pipeline <name>", "all of this pipeline")
    .action(async (key: string | undefined, _, self) => (await import("./commands/cache.ts")).cacheAccept(key, flagsOf(self)));
  command(program, "gc").description("remove from the stack's store what no run needs any more")
    .option("--plan", "only say what would be removed").option("-n, --dry-run", "the same as --plan").option("--keep-days <n>", "keep what runs made for so many days after they ended; 90 by default", wholeNumber).option("--keep-runs <n>", "keep the latest runs, however old; 20 by default", wholeNumber)
    .option("--grace <time>", "keep what was written or touched so short a time ago, such as 36h or 7d; 24h by default", span).option("--alone", "nobody else uses the store meanwhile: allows a shorter grace").option("-y, --yes", "do not ask")
    .action(async (_, self) => (await import("./commands/gc.ts")).gc(flagsOf(self)));
}

/** After the commands' own: help shows them last. */
function withGlobalFlags(of: Command): void {
  globalFlags(of);
  for (const inner of of.commands) withGlobalFlags(inner);
}

/** `mlstack run FILE`: a FILE contains a dot, a slash or a number sign; any other word is a verb. */
function runsFile(run: Command): void {
  run.usage("FILE [options]\n       mlstack run VERB [options]").enablePositionalOptions().allowExcessArguments()
    .option("-p, --param <name=value>", "set a parameter; may be given again", collect)
    .option("--config <file>", "YAML file with parameters, options of steps, stack, tags and name; flags win over it")
    .option("--name <name>", "what the run is called; {date}, {time}, {n}, {pipeline}, {stack} and {params.NAME} are filled in")
    .option("--no-cache", "run everything, and store no result")
    .option("--refresh", "run everything, and store the results")
    .option("--keep-going", "after a failure go on with steps that do not depend on it")
    .option("--tag <tag>", "tag the run; may be given again", collect)
    .option("--concurrency <n>", "run at most so many steps side by side", positive)
    .option("--inline", "run steps in this process: the least cost per step, but a step that computes can't be interrupted")
    .option("--detach", "start the run where the stack runs steps, and leave")
    .option("--explain", "only say what would run, what the cache has, and why")
    .option("--expect-cached", "end with exit code 3 where a step would have to run")
    .option("--schedule", "run nothing now: hand the pipeline's schedule to the stack's orchestrator")
    .action(async (file: string | undefined) => {
      const flags = flagsOf<RunFlags>(run);
      if (file === undefined) throw new UsageError("mlstack run needs a FILE or a verb", { why: `verbs are ${verbsOf(run).join(", ")}`, command: run });
      if (!/[./#]/.test(file)) throw (await import("./program/not-a-file.ts")).notAFile(file, flags.cwd ?? process.cwd(), run) ?? noSuchVerb(run, verbsOf(run));
      if (run.args.length > 1) throw tooMany(run, ["FILE"]);
      if (!flags.cache && flags.refresh === true) throw new UsageError("--no-cache and --refresh exclude each other", { why: "the first stores no result, the second stores all", command: run });
      if (flags.detach === true && (flags.explain === true || flags.expectCached === true)) throw new UsageError(`--detach and ${flags.explain === true ? "--explain" : "--expect-cached"} exclude each other`, { why: "who has left can't be told", command: run });
      if (flags.explain === true) await (await import("./commands/run-explain.ts")).runExplain(file, flags); else await (await import("./commands/run-file.ts")).runFile(file, flags);
    });
}

/** What orchestrators run; people have no use for it. */
function forOrchestrators(program: Command): void {
  const step = hidden(program, "step").description("run one step, as an orchestrator does");
  hidden(step, "run").argument("<spec>", "the step's specification").action(async (spec: string) => (await import("./commands/step-run.ts")).stepRun(spec));
  hidden(step, "debug").argument("<spec>").argument("<project>").argument("<state>").action(async (spec: string, project: string, state: string) => (await import("./commands/step-debug.ts")).stepDebug(spec, project, state));
  hidden(hidden(program, "driver").description("drive a run whose client has left"), "run").argument("<spec>", "the run's specification")
    .action(async (spec: string) => (await import("./commands/step-run.ts")).driverRun(spec));
}

function hidden(parent: Command, name: string): Command {
  return configure(parent.command(name, { hidden: true }), "");
}

function command(parent: Command, name: string): Command {
  const words = [name];
  for (let at: Command | null = parent; at !== null && at.parent !== null; at = at.parent) words.unshift(at.name());
  return configure(parent.command(name), words.join(" ")).allowExcessArguments(false);
}

/** A command that does nothing without a verb. */
function noun(parent: Command, name: string, text: string): Command {
  const made = command(parent, name).description(text).usage("VERB [options]").enablePositionalOptions().allowExcessArguments();
  return made.action(() => { throw noSuchVerb(made, verbsOf(made)); });
}

function verbsOf(of: Command): string[] {
  return of.createHelp().visibleCommands(of).map((c) => c.name()).filter((name) => name !== "help");
}

function configure(of: Command, path: string): Command {
  return helpOf(of, path).exitOverride((e) => refuse(e, of)).helpCommand(false).helpOption("-h, --help", "help on this command")
    .configureOutput({ writeOut, writeErr: () => undefined, outputError: () => undefined });
}

function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}

function positive(value: string): number {
  const n = Number(value);
  if (!Number.isInteger(n) || n < 1) throw new InvalidArgumentError("expected a whole number from 1");
  return n;
}

function wholeNumber(value: string): number {
  const n = Number(value);
  if (!/^\d+$/.test(value) || !Number.isSafeInteger(n)) throw new InvalidArgumentError("expected a whole number");
  return n;
}

/** `90m`, `36h`, `7d`, in milliseconds. */
function span(value: string): number {
  const [, n, unit] = /^(\d+(?:\.\d+)?)([mhd])$/.exec(value) ?? [];
  if (n === undefined || unit === undefined) throw new InvalidArgumentError("expected a time such as 90m, 36h or 7d");
  return Number(n) * { m: 60_000, h: 3_600_000, d: 86_400_000 }[unit as "m" | "h" | "d"];
}

function version(): string {
  return (JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string }).version;
}

