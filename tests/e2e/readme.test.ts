import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { testProject } from "./testing/project.ts";

const readme = readFileSync(join(import.meta.dirname, "..", "..", "README.md"), "utf8");
const block = (language: string) => new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``).exec(readme)![1]!;

it("the README's example does what the README says", async () => {
  const code = block("ts");
  expect(code.trimEnd().split("\n").length).toBeLessThanOrEqual(32);
  const p = testProject({ "squares.ts": code, "script.ts": `import { squares } from "./squares.ts";\n${/From a script: `(.*)`/.exec(readme)![1]}\n` });
  onTestFinished(() => p.close());
  const commands = block("console").split("\n").filter((l) => l.startsWith("$ npx mlstack ")).map((l) => l.replace("$ npx mlstack ", "").replace(/ +#.*/, "").split(" "));
  const outcomes = [];
  for (const args of commands) outcomes.push(await p.mlstack(args));
  expect(outcomes.map((o) => o.code)).toEqual([0, 0, 0, 0]);
  expect(outcomes[0]!.stderr).toContain("2 ran");
  expect(outcomes[1]!.stderr).toContain("2 cached");
  expect(outcomes[2]!.stdout).toContain("served from the cache");
  expect(outcomes[3]!.stdout.trim()).toBe(block("console").trimEnd().split("\n").at(-1));
  // with the hooks in a project of CommonJS
  p.write("package.json", JSON.stringify({ name: "project", private: true, type: "commonjs", dependencies: { mlstack: "*", zod: "*" } }));
  expect(await p.node(["--import", "mlstack/register", "script.ts"])).toMatchObject({ code: 0, stdout: "13\n" });
  p.write("package.json", JSON.stringify({ name: "project", private: true, type: "module", dependencies: { mlstack: "*", zod: "*" } }));
  // plain Node, and with the hooks
  for (const args of [["script.ts"], ["--import", "mlstack/register", "script.ts"]]) expect(await p.node(args)).toMatchObject({ code: 0, stdout: "13\n" });
});

it("the stack of docs/stacks.md that needs no cloud runs as it stands", async () => {
  const page = readFileSync(join(import.meta.dirname, "..", "..", "docs", "stacks.md"), "utf8");
  const stack = /```yaml\n# stacks\/away\.yaml\n([^]*?)```/.exec(page)![1]!;
  const p = testProject({ "squares.ts": block("ts"), "package.json": JSON.stringify({ name: "project", private: true, type: "module", dependencies: { mlstack: "*", zod: "*", "@mlstack/plugin-process": "*" } }) });
  onTestFinished(() => p.close());
  expect(stack).toContain("path: /tmp/mlstack-bucket");
  p.write("stacks/away.yaml", stack.replace("/tmp/mlstack-bucket", join(p.dir, "bucket")));
  const { code, stderr } = await p.mlstack(["run", "squares.ts", "--stack", "away"]);
  expect([code, stderr]).toEqual([0, expect.stringContaining("2 ran")]);
});
