import type { Command, HelpConfiguration } from "commander";

const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  mlstack: ["mlstack run pipelines/train.ts --param epochs=5", "mlstack run list", "mlstack why last/train_model", "mlstack artifact preview last/evaluate.metrics"],
  run: ["mlstack run pipelines/train.ts", "mlstack run pipelines/all.ts#training --param depth=3 --param dataset=data/small.parquet", "mlstack run pipelines/train.ts --stack production --detach", "mlstack run show last"],
  "run resume": ["mlstack run resume last", "mlstack run resume last --from train_model"],
  artifact: ["mlstack artifact list --run last", "mlstack artifact preview last/evaluate.metrics"],
  why: ["mlstack why last/train_model"],
  cache: ["mlstack cache list --step train_model", "mlstack cache evict 3f9c21ab", "mlstack cache accept --step train_model"],
  gc: ["mlstack gc --plan", "mlstack gc --keep-days 30 --keep-runs 50"],
  lineage: ["mlstack lineage last/train_model.trained_model", "mlstack lineage last/evaluate_model --up --mermaid"],
  debug: ["mlstack debug last/train_model", "mlstack debug last/train_model --no-wait"],
};

/** Help begins with examples. Aliases work, and are not shown. */
export function helpOf(command: Command, path: string): Command {
  const examples = EXAMPLES[path];
  if (examples !== undefined) command.addHelpText("before", `Examples:\n${examples.map((e) => `  ${e}`).join("\n")}\n`);
  return command.configureHelp(FORM);
}

const FORM: HelpConfiguration = {
  subcommandTerm: (command) => [command.name(), ...command.registeredArguments.map((a) => (a.required ? a.name() : `[${a.name()}]`))].join(" "),
  commandUsage: (command) => {
    const words: string[] = [];
    for (let at: Command | null = command; at !== null; at = at.parent) words.unshift(at.name());
    return `${words.join(" ")} ${command.usage()}`;
  },
};
