import { Command, InvalidArgumentError } from "commander";
import { readFileSync } from "node:fs";
import type { GlobalFlags } from "./ui/output.ts";

const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  mlstack: ["mlstack run pipelines/train.ts --param epochs=5", "mlstack run list", "mlstack why last/train_model", "mlstack artifact preview last/evaluate.metrics"],
  "run file": ["mlstack run pipelines/train.ts", "mlstack run pipelines/all.ts#training --param depth=3 --param dataset=data/small.parquet"],
};

/** The commands, their flags and help. What they do is imported when one of them runs. */
export function buildProgram(): Command {
  const program = configure(new Command("mlstack"), "mlstack").description("Portable machine learning pipelines").version(version(), "--version", "print the version").enablePositionalOptions();
  program.showHelpAfterError("(mlstack --help shows what there is)");

  const run = configure(program.command("run"), "run").description("run a pipeline: mlstack run FILE; or work with runs: list, show, logs, resume, attach, cancel");
  const file = global(configure(run.command("file", { hidden: true }), "run file")).argument("<file>", "module of the pipeline; #NAME picks one of several").description("run a pipeline")
    .option("-p, --param <name=value>", "set a parameter; may be given again", collect, [])
    .option("--no-cache", "run everything, and store no result")
    .option("--refresh", "run everything, and store the results")
    .option("--keep-going", "after a failure go on with steps that do not depend on it")
    .option("--tag <tag>", "tag the run; may be given again", collect, [])
    .option("--concurrency <n>", "run at most so many steps side by side", positive)
    .option("--inline", "run steps in this process: the least cost per step, but a step that computes can't be interrupted")
    .option("--detach", "start the run where the stack runs steps, and leave")
    .action(async (path: string, flags) => (await import("./commands/run-file.ts")).runFile(path, flags));
  // the form without a verb is no command to the parser, and what it takes would be shown nowhere
  run.addHelpText("after", () => `\nOptions of mlstack run FILE:\n${optionsOf(file)}`);
  global(run.command("list").alias("ls")).description("the latest runs, newest first")
    .option("--pipeline <name>", "of this pipeline only").option("--status <status>", "completed, failed, cancelled, running or interrupted").option("--limit <n>", "how many", positive, 20)
    .action(async (flags) => (await import("./commands/run-list.ts")).runList(flags));
  global(run.command("resume")).description("go on with a run that was interrupted, failed or cancelled").argument("<run>", "id, the beginning of an id, or last")
    .option("--from <step>", "run this step, and what depends on it, again").option("--file <file>", "the module that exports the pipeline now, where it has moved")
    .option("--keep-going", "after a failure go on with steps that do not depend on it")
    .option("--concurrency <n>", "run at most so many steps side by side", positive).option("--inline", "run steps in this process")
    .action(async (id: string, flags) => (await import("./commands/run-resume.ts")).runResume(id, flags));
  global(run.command("attach")).description("follow a run that was started with --detach; Ctrl-C leaves it alone").argument("<run>", "id, the beginning of an id, or last")
    .action(async (id: string, flags) => (await import("./commands/run-attach.ts")).runAttach(id, flags));
  global(run.command("cancel")).description("stop a run that is going on").argument("<run>", "id, the beginning of an id, or last")
    .action(async (id: string, flags) => (await import("./commands/run-attach.ts")).runCancel(id, flags));
  global(run.command("show")).description("one run: its steps, and what they made").argument("<run>", "id, the beginning of an id, or last")
    .action(async (id: string, flags) => (await import("./commands/run-show.ts")).runShow(id, flags));
  global(run.command("logs")).description("what the steps of a run printed").argument("<run>", "id, the beginning of an id, or last").argument("[step]", "of this step only")
    .action(async (id: string, step: string | undefined, flags) => (await import("./commands/run-logs.ts")).runLogs(id, step, flags));

  const artifact = configure(program.command("artifact"), "artifact").description("look at what steps made: list, show, preview");
  global(artifact.command("list").alias("ls")).description("the latest artifacts")
    .option("--run <run>", "of this run only").option("--pipeline <name>", "of this pipeline only").option("--step <step>", "of this step only").option("--limit <n>", "how many", positive, 40)
    .action(async (flags) => (await import("./commands/artifact-list.ts")).artifactList(flags));
  global(artifact.command("show")).description("one artifact: format, size, metadata, where it came from").argument("<artifact>", "RUN/STEP.OUTPUT, RUN/STEP for a step's only one, or the beginning of its digest")
    .action(async (name: string, flags) => (await import("./commands/artifact-show.ts")).artifactShow(name, flags));
  global(artifact.command("preview")).description("a glance at an artifact's value").argument("<artifact>", "RUN/STEP.OUTPUT, RUN/STEP for a step's only one, or the beginning of its digest")
    .action(async (name: string, flags) => (await import("./commands/artifact-preview.ts")).artifactPreview(name, flags));

  global(program.command("why")).description("why a step ran, or why it did not have to").argument("<run/step>", "such as last/train_model")
    .action(async (name: string, flags) => (await import("./commands/why.ts")).why(name, flags));
  global(program.command("debug")).description("run a step of a run again on this machine, with the inspector open").argument("<run/step>", "such as last/train_model")
    .option("--no-wait", "do not wait for a debugger").option("--port <port>", "of the inspector; any free one by default", positive).option("--with-effects", "let the step use the components that it changes things with")
    .action(async (name: string, flags) => (await import("./commands/debug.ts")).debug(name, flags));
  // what orchestrators run; people have no use for them
  const step = configure(program.command("step", { hidden: true }), "step").description("run one step, as an orchestrator does");
  step.command("run").argument("<spec>", "the step's specification").action(async (spec: string) => (await import("./commands/step-run.ts")).stepRun(spec));
  step.command("debug").argument("<spec>").argument("<project>").argument("<state>").action(async (spec: string, project: string, state: string) => (await import("./commands/step-debug.ts")).stepDebug(spec, project, state));
  configure(program.command("driver", { hidden: true }), "driver").description("drive a run whose client has left").command("run").argument("<spec>", "the run's specification")
    .action(async (spec: string) => (await import("./commands/step-run.ts")).driverRun(spec));
  return program;
}

function optionsOf(command: Command): string {
  const help = command.createHelp();
  const options = help.visibleOptions(command).map((o): [string, string] => [help.optionTerm(o), help.optionDescription(o)]);
  const width = Math.max(...options.map(([term]) => term.length));
  return options.map(([term, text]) => `  ${term.padEnd(width)}  ${text}`).join("\n");
}

function configure(command: Command, path: string): Command {
  const examples = EXAMPLES[path];
  if (examples !== undefined) command.addHelpText("before", `Examples:\n${examples.map((e) => `  ${e}`).join("\n")}\n`);
  return command.exitOverride().configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, "error MLS7001  ")) }).helpCommand(false);
}

/** Flags that mean the same on every command. */
function global(command: Command): Command {
  return configure(command, "").option("--json", "print one JSON document").option("-q, --quiet", "print no progress").option("--no-color", "no colours").option("--debug", "print stacks of errors").option("--cwd <folder>", "the project's folder").option("--stack <stack>", "name of a stack, or path of its file") satisfies Command;
}

export type { GlobalFlags };

function collect(value: string, before: string[]): string[] {
  return [...before, value];
}

function positive(value: string): number {
  const n = Number(value);
  if (!Number.isInteger(n) || n < 1) throw new InvalidArgumentError("expected a whole number from 1");
  return n;
}

function version(): string {
  return (JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string }).version;
}
