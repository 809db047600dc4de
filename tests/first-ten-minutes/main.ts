// npm run first-ten-minutes: what a new user does, in a fresh folder with a plain tsconfig, with the packages as they are published. It prints all
// that is typed and said, and ends with 1 where something is not as it should be: no import edited by hand, at most three commands to the first
// cached rerun, no message over eight lines.
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PACKAGES, session, type Said } from "./session.ts";

const root = join(import.meta.dirname, "..", "..");
const MOST_LINES = 8;
const MOST_COMMANDS = 3;
const readme = readFileSync(join(root, "README.md"), "utf8");
const example = /```ts\n([^]*?)```/.exec(readme)![1]!;

const folder = realpathSync(mkdtempSync(join(tmpdir(), "mlstack-first-")));
const print = (line: string) => console.log(line.replaceAll(folder, "~"));

/** What a project of today looks like: nothing here was written for mlstack. */
const TSCONFIG = { compilerOptions: { target: "es2022", module: "esnext", moduleResolution: "bundler", strict: true, noEmit: true, skipLibCheck: true, types: [], paths: { "@lib/*": ["./src/lib/*"] } }, include: ["src"] };
const UNIT = `export enum Unit { Plain = "plain", Percent = "percent" }\nexport const shown = (n: number, unit: Unit): string => (unit === Unit.Percent ? \`\${n} %\` : String(n));\n`;
const REPORT = `import { json, pipeline, step } from "mlstack";
import { z } from "zod";
import { shown, Unit } from "@lib/unit";
import { sample, summarize } from "./squares";

export const line = step({ name: "line", inputs: { mean: json(z.number()) }, output: json(z.string()), run: ({ inputs }) => shown(inputs.mean, Unit.Percent) });
export const report = pipeline({ name: "report", build: () => ({ line: line({ mean: summarize({ values: sample({ n: 7 }) }).mean }) }) });
`;

function packed(): string[] {
  const to = join(folder, "tarballs");
  const s = session(to, () => undefined);
  for (const name of PACKAGES) {
    const { code, text } = s.type("npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", to, join(root, "packages", name));
    if (code !== 0) throw new Error(text);
  }
  return readdirSync(to).map((name) => join(to, name));
}

const me = session(join(folder, "project"), print);
const counted: Said[] = [];
/** A command of ours: it counts, and it says what it has to say in a few lines. */
function mlstack(...args: readonly string[]): Said {
  const said = me.type("npx", "mlstack", ...args);
  counted.push(said);
  const lines = said.text.split("\n").length;
  me.check(lines <= MOST_LINES, `${said.command} printed ${lines} lines`);
  return said;
}
const ended = (said: Said, code: number, ...words: readonly string[]) => {
  me.check(said.code === code, `${said.command} ended with ${said.code}, not ${code}`);
  for (const word of words) me.check(said.text.includes(word), `${said.command} did not say ${JSON.stringify(word)}`);
};

try {
  const tarballs = packed();
  ended(me.type("npm", "init", "--yes", "--silent"), 0);
  ended(me.type("npm", "install", "--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "zod", ...tarballs), 0);
  me.write("tsconfig.json", `${JSON.stringify(TSCONFIG, null, 2)}\n`);
  const commands = session(me.dir, () => undefined).type("npx", "mlstack", "help").text;
  if (/^ {2}init\b/m.test(commands)) ended(mlstack("init"), 0); else print("\n(there is no mlstack init)");

  me.write("src/squares.ts", example);
  ended(mlstack("run", "src/squares.ts"), 0, "2 ran");
  ended(mlstack("run", "src/squares.ts"), 0, "2 cached");
  me.check(counted.length <= MOST_COMMANDS, `the first cached rerun took ${counted.length} commands`);

  me.edit("src/squares.ts", "i * i", "i * i + 1");
  ended(mlstack("run", "src/squares.ts"), 0, "2 ran");
  ended(mlstack("why", "last/sample"), 0, "src/squares.ts");
  me.edit("src/squares.ts", "// squares.ts", "// the squares, and one more");
  ended(mlstack("run", "src/squares.ts"), 0, "2 cached");

  me.write("src/lib/unit.ts", UNIT);
  me.write("src/report.ts", REPORT);
  ended(mlstack("run", "src/report.ts"), 0, "completed");
  ended(mlstack("artifact", "preview", "last/line"), 0, "14 %");

  ended(mlstack("run", "src/squares.ts", "--param", "nn=7"), 2, "fix", "--param n=");
  me.edit("src/report.ts", "mean: summarize(", "maen: summarize(");
  ended(mlstack("run", "src/report.ts"), 2, "MLS1002", "write mean");
} finally {
  rmSync(folder, { recursive: true, force: true });
}

print(me.problems.length === 0 ? `\nAll as it should be, in ${counted.length} commands.` : `\n${me.problems.length} not as it should be:\n${me.problems.map((p) => `- ${p}`).join("\n")}`);
const summary = process.env["MLSTACK_SUMMARY"];
if (summary !== undefined) appendFileSync(summary, `first ten minutes: ${counted.length - Math.min(counted.length, me.problems.length)} passed, ${me.problems.length} failed\n`);
process.exitCode = me.problems.length === 0 ? 0 : 1;
