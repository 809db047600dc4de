import type { Command, HelpConfiguration } from "commander";
import { DOCS } from "../docs-base.ts";
import { noSuchVerb } from "./usage.ts";

const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  mlstack: ["mlstack run pipelines/train.ts --param epochs=5", "mlstack run list", "mlstack why last/train_model", "mlstack artifact preview last/evaluate.metrics"],
  run: ["mlstack run pipelines/train.ts", "mlstack run pipelines/all.ts#training --param depth=3 --param dataset=data/small.parquet", "mlstack run pipelines/train.ts --stack production --detach", "mlstack run show last"],
  "run resume": ["mlstack run resume last", "mlstack run resume last --from train_model"],
  init: ["mlstack init", "mlstack init my-project"],
  stack: ["mlstack stack list", "mlstack stack set production", "mlstack stack describe"],
  "stack register": ["mlstack stack register production --artifact-store bucket --orchestrator away --experiment-tracker tracker"],
  "stack update": ["mlstack stack update production --experiment-tracker other_tracker", "mlstack stack update production --remove model_deployer"],
  "stack verify": ["mlstack stack verify production"],
  component: ["mlstack component list", "mlstack component register bucket --type artifact_store --flavor s3 --config bucket=my-bucket"],
  "component register": ["mlstack component register bucket --type artifact_store --flavor s3 --config bucket=my-bucket --config prefix=mlstack", "mlstack component register tracker --type experiment_tracker --flavor mlflow --config tracking_uri=https://mlflow.example.com --config 'password=${env:MLFLOW_PASSWORD}'"],
  "component update": ["mlstack component update bucket --config prefix=other", "mlstack component update tracker --alias mlflow_tracker"],
  artifact: ["mlstack artifact list --run last", "mlstack artifact preview last/evaluate.metrics"],
  deployment: ["mlstack deployment list", "mlstack deployment predict flight-delays --file request.json", "mlstack deployment stop flight-delays"],
  "deployment predict": [`echo '{"inputs":[{"name":"features","shape":[1,2],"datatype":"FP64","data":[0.5,1]}]}' | mlstack deployment predict flight-delays`],
  "integration bundle": ["mlstack integration bundle export plugins.bundle", "mlstack integration bundle export plugins.bundle s3@^1.2 --platform linux-x64", "mlstack integration bundle import plugins.bundle"],
  why: ["mlstack why last/train_model"],
  cache: ["mlstack cache list --step train_model", "mlstack cache evict 3f9c21ab", "mlstack cache accept --step train_model"],
  gc: ["mlstack gc --plan", "mlstack gc --keep-days 30 --keep-runs 50"],
  lineage: ["mlstack lineage last/train_model.trained_model", "mlstack lineage last/evaluate_model --up --mermaid"],
  secret: ["printf %s \"$TOKEN\" | mlstack secret set mlflow-token", "mlstack secret set gcp-key --from-file key.json", "mlstack secret list"],
  "config show": ["mlstack config show --origin", "mlstack config show --stack production --json"],
  "plugin manifest": ["mlstack plugin manifest", "mlstack plugin manifest packages/plugin-acme --check"],
  "plugin check": ["mlstack plugin check", "mlstack plugin check packages/plugin-acme --strict"],
  "plugin test": ["mlstack plugin test", "mlstack plugin test packages/plugin-acme --type artifact_store", "mlstack plugin test --case put.if-absent-race --seed 7"],
  "plugin pack": ["mlstack plugin pack --out release"],
  "plugin publish": ["mlstack plugin publish --dry-run", "mlstack plugin publish --tag next", "mlstack plugin publish -y --provenance"],
  lint: ["mlstack lint", "mlstack lint pipelines/train.ts --max-warnings 0"],
  explain: ["mlstack explain MLS4001"],
  completion: ["source <(mlstack completion bash)", "mlstack completion fish > ~/.config/fish/completions/mlstack.fish"],
  debug: ["mlstack debug last/train_model", "mlstack debug last/train_model --no-wait"],
};

/** Help begins with examples, and ends with where there is more. Aliases work, and are not shown. */
export function helpOf(command: Command, path: string): Command {
  const examples = EXAMPLES[path];
  if (examples !== undefined) command.addHelpText("before", `Examples:\n${examples.map((e) => `  ${e}`).join("\n")}\n`);
  // a hidden command has no path, and no place in the reference
  if (path !== "") command.addHelpText("after", `\nDocs: ${DOCS}/${path === "mlstack" ? "cli.md" : `cli-reference.md#mlstack-${path.replaceAll(" ", "-")}`}`);
  return command.configureHelp(FORM);
}

/** `mlstack help WORDS…`: what `--help` after these words prints. */
export function showHelp(program: Command, words: readonly string[], verbsOf: (of: Command) => readonly string[]): void {
  let at = program;
  for (const word of words) {
    const next = at.createHelp().visibleCommands(at).find((c) => c.name() === word || c.aliases().includes(word));
    if (next === undefined) throw noSuchVerb(at, verbsOf(at), word);
    at = next;
  }
  at.outputHelp();
}

const FORM: HelpConfiguration = {
  subcommandTerm: (command) => [command.name(), ...command.registeredArguments.map((a) => (a.required ? a.name() : `[${a.name()}]`))].join(" "),
  commandUsage: (command) => {
    const words: string[] = [];
    for (let at: Command | null = command; at !== null; at = at.parent) words.unshift(at.name());
    return `${words.join(" ")} ${command.usage()}`;
  },
};
