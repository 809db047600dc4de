import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { satisfies } from "semver";
import { expect, onTestFinished, test } from "vitest";
import { BIN, run, testProject } from "./testing/project.ts";

const { engines, version } = JSON.parse(readFileSync(join(BIN, "..", "..", "package.json"), "utf8")) as { engines: { node: string }; version: string };

test.each(["18.20.0", "20.19.0", "22.18.0", "22.19.0", "22.21.1", "23.11.0", "24.0.0", "24.11.0", "25.9.0", "26.0.0", "27.1.0"])("Node %s is taken or refused as package.json says", async (node) => {
  const pretend = `Object.defineProperty(process, "versions", { value: { ...process.versions, node: ${JSON.stringify(node)} } });`;
  const { code, stdout, stderr } = await run(process.execPath, [`--import=data:text/javascript,${encodeURIComponent(pretend)}`, BIN, "--help"], process.cwd());
  if (satisfies(node, engines.node)) expect([code, stderr, stdout]).toEqual([0, "", expect.stringContaining("Usage: mlstack")]);
  else expect([code, stdout, stderr]).toEqual([1, "", `mlstack: this is Node ${node}, mlstack needs ${engines.node}\n`]);
});

test("--version", async () => { expect(await run(process.execPath, [BIN, "--version"], process.cwd())).toMatchObject({ code: 0, stdout: `${version}\n` }); });

test("a bin from elsewhere hands over to the project's own", async () => {
  const p = testProject({ "sub/a.txt": "" });
  onTestFinished(() => p.close());
  p.remove("node_modules/mlstack");
  p.write("node_modules/mlstack/package.json", JSON.stringify({ name: "mlstack", version: "9.9.9", bin: { mlstack: "cli.mjs" } }));
  p.write("node_modules/mlstack/cli.mjs", "console.log(['own', ...process.argv.slice(2)].join(' '));");
  const bin = (cwd: string, ...args: string[]) => run(process.execPath, [BIN, ...args], cwd);
  for (const args of [["--version"], ["run", "list", "--json"]]) expect(await bin(join(p.dir, "sub"), ...args)).toMatchObject({ code: 0, stdout: `own ${args.join(" ")}\n` });
  expect((await bin(tmpdir(), "run", "list", "--cwd", p.dir)).stdout).toMatch(/^own run list/);
  expect((await bin(tmpdir(), `--cwd=${p.dir}`, "stack", "list")).stdout).toMatch(/^own/);
  // whoever only types runs nothing of the folder
  expect((await bin(p.dir, "__complete", "1", "--", "mlstack", "doc")).stdout).toMatch(/^doctor\t/);
  // what can't be read is not taken, nor is what has the name of a folder only
  for (const text of ["{", JSON.stringify({ name: "other", bin: "cli.mjs" }), JSON.stringify({ name: "mlstack" }), JSON.stringify({ name: "mlstack", bin: "nope.mjs" })]) {
    p.write("node_modules/mlstack/package.json", text);
    expect((await bin(p.dir, "--version")).stdout, text).toBe(`${version}\n`);
  }
});

test("a script that uses mlstack prints nothing of Node's own", async () => {
  const p = testProject({ "run.mjs": 'import { Client } from "mlstack";\nawait new Client().lastRun("x").catch((e) => console.log(e.code));\nprocess.emitWarning("one of the user");\n' });
  onTestFinished(() => p.close());
  const { stdout, stderr } = await p.node(["run.mjs"]);
  expect(stdout).toBe("MLS5003\n");
  expect(stderr).not.toMatch(/experimental/i);
  expect(stderr).toContain("one of the user");
});
