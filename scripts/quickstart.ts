// npm run quickstart: the flights example, run, run again, and run after an edit, in a copy that anybody may play with.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./bootstrap/install.mjs";

const example = join(root, "examples", "flight-delays");
const copy = join(root, ".quickstart", "flight-delays");
const bin = join(root, "packages", "cli", "bin", "mlstack.js");
const EDITED = join("src", "lib", "metrics.ts");

function title(text: string): void {
  console.log(`\n\u2500\u2500 ${text}\n`);
}

function mlstack(...args: string[]): void {
  console.log(`$ mlstack ${args.join(" ")}`);
  const { status } = spawnSync(process.execPath, [bin, ...args], { cwd: copy, stdio: ["ignore", "inherit", "inherit"] });
  if (status !== 0) {
    console.error(`\nmlstack ${args.join(" ")} ended with ${status}`);
    process.exit(1);
  }
}

const started = performance.now();
console.log(`A pipeline of five steps on 3 million flights: load and validate, engineer features, train, evaluate, deploy.
It takes about half a minute on two cores, 1.5 GB of memory and 200 MB of disk, and no network.
It runs in a copy of examples/flight-delays: .quickstart/flight-delays`);

rmSync(copy, { recursive: true, force: true });
mkdirSync(copy, { recursive: true });
for (const part of ["package.json", "tsconfig.json", "src", "run.ts"]) cpSync(join(example, part), join(copy, part), { recursive: true });

title("The first run: every step runs");
mlstack("run", "src/pipeline.ts");

title("The second run: nothing changed, so everything is cached, but for the step that may deploy");
mlstack("run", "src/pipeline.ts");

title(`An edit of a helper, f1Score in ${EDITED}: only what reaches it runs`);
const before = readFileSync(join(copy, EDITED), "utf8");
const edited = before.replace("const weight = ", "const weight = 0 + ");
if (edited === before) throw new Error(`${EDITED} does not have the line that is edited here`);
writeFileSync(join(copy, EDITED), edited);
mlstack("run", "src/pipeline.ts");
console.log();
mlstack("why", "last/evaluate_model");
console.log();
mlstack("why", "last/train_model");

title("What the last run made");
mlstack("run", "show", "last");

console.log(`
Where everything is
  the pipeline        .quickstart/flight-delays/src/pipeline.ts (edit it and run again)
  runs and artifacts  .quickstart/flight-delays/.mlstack (records.db, store/, logs/, tracking/)
Next, from .quickstart/flight-delays, with mlstack standing for node ../../packages/cli/bin/mlstack.js (Node 22.19 or later):
  mlstack run src/pipeline.ts --param maxDepth=4
  mlstack artifact preview last/engineer_features.X_train
  mlstack run list

Done in ${((performance.now() - started) / 1000).toFixed(0)} s.`);
