import { readFileSync } from "node:fs";
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

test("a script that uses mlstack prints nothing of Node's own", async () => {
  const p = testProject({ "run.mjs": 'import { Client } from "mlstack";\nawait new Client().lastRun("x").catch((e) => console.log(e.code));\nprocess.emitWarning("one of the user");\n' });
  onTestFinished(() => p.close());
  const { stdout, stderr } = await p.node(["run.mjs"]);
  expect(stdout).toBe("MLS5003\n");
  expect(stderr).not.toMatch(/experimental/i);
  expect(stderr).toContain("one of the user");
});
