// npm run check: everything that must hold besides the tests. All parts run, so that one report shows all there is to mend.
import { spawnSync } from "node:child_process";
import { appendFileSync } from "node:fs";
import { isWindows, root } from "./bootstrap/install.mjs";

const CONTINUE = "--continue=dependencies-successful";

const parts: readonly (readonly [name: string, command: string, args: readonly string[]])[] = [
  ["build", "turbo", ["run", "build"]],
  ["lint", "oxlint", []],
  ["types", "turbo", ["run", "typecheck", "//#typecheck:root", CONTINUE]],
  ["packages", "turbo", ["run", "check:package", CONTINUE]],
  ["repository", "node", ["scripts/repo-check/main.ts"]],
];

const lines = parts.map(([name, command, args]) => {
  console.log(`\n# ${name}`);
  const start = performance.now();
  const { status } = spawnSync(command, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"], shell: isWindows });
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`# ${name}: ${status === 0 ? "ok" : "FAILED"} after ${seconds} s`);
  return `${name}: ${status === 0 ? "1 passed, 0 failed" : "0 passed, 1 failed"}`;
});
console.log(`\n${lines.join("\n")}`);
const summary = process.env["MLSTACK_SUMMARY"];
if (summary !== undefined) appendFileSync(summary, lines.map((line) => `${line}\n`).join(""));
process.exitCode = lines.every((line) => line.endsWith("0 failed")) ? 0 : 1;
