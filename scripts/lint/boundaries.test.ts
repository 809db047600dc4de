import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root } from "../bootstrap/install.mjs";

const ALL = [
  "zod",
  "node:fs/promises",
  "left-pad/x",
  "@mlstack/core",
  "@mlstack/core/node",
  "@mlstack/pipeline/compile",
  "@mlstack/engine/plugin",
  "@mlstack/hub",
  "@mlstack/hub/verify",
  "@mlstack/plugin-x",
  "mlstack/register",
  "./own.ts",
  "../../own.ts",
  "../../other/src/index.ts",
  "../../../packages/other/dist/index.js",
];
const REACH_IN = ["../../other/src/index.ts", "../../../packages/other/dist/index.js"];
const OWN = ["./own.ts", "../../own.ts"];

/** What a file at each place may import of all the above. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  "packages/core/src/a/b.ts": ["zod", ...OWN],
  "packages/core/src/node/b.ts": ["zod", "node:fs/promises", ...OWN],
  "packages/pipeline/src/a/b.ts": ["zod", "node:fs/promises", "left-pad/x", "@mlstack/core", "@mlstack/core/node", ...OWN],
  "packages/engine/src/a/b.ts": ["zod", "node:fs/promises", "left-pad/x", "@mlstack/core", "@mlstack/core/node", "@mlstack/pipeline/compile", "@mlstack/hub/verify", ...OWN],
  "packages/hub/src/a/b.ts": ["zod", "node:fs/promises", "left-pad/x", "@mlstack/core", "@mlstack/core/node", ...OWN],
  "packages/plugin-y/src/a/b.ts": ["zod", "node:fs/promises", "left-pad/x", "@mlstack/core", "@mlstack/core/node", ...OWN],
  "packages/cli/src/a/b.ts": ALL.filter((specifier) => !REACH_IN.includes(specifier)),
  "packages/core/src/a/b.test.ts": ALL.filter((specifier) => !REACH_IN.includes(specifier)),
};

interface Finding {
  readonly code: string;
  readonly message: string;
  readonly filename: string;
}

/** Runs the linter with the rules of this repository on the given files. */
function lint(folder: string, files: Readonly<Record<string, string>>): Finding[] {
  const { options: _typeAware, ...config } = JSON.parse(readFileSync(join(root, ".oxlintrc.json"), "utf8")) as Record<string, unknown>;
  for (const [file, text] of Object.entries({ ...files, ".oxlintrc.json": JSON.stringify(config) })) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
  const bin = join(dirname(createRequire(import.meta.url).resolve("oxlint/package.json")), "bin", "oxlint");
  const { stdout } = spawnSync(process.execPath, [bin, "--format=json"], { cwd: folder, encoding: "utf8" });
  return (JSON.parse(stdout) as { diagnostics: Finding[] }).diagnostics;
}

describe("the linter", () => {
  const folder = mkdtempSync(join(tmpdir(), "mlstack-lint-"));
  let findings: readonly Finding[] = [];

  beforeAll(() => {
    const text = ALL.map((specifier) => `import "${specifier}";\n`).join("");
    const sources = Object.fromEntries(Object.keys(allowed).map((file) => [file, text]));
    findings = lint(folder, {
      ...sources,
      "scripts/long.mjs": "void 0;\n".repeat(401),
      "scripts/any.ts": "export const a: any = 1;\n",
      "scripts/cycle.ts": 'import { b } from "./other.ts";\nexport const a = () => b;\n',
      "scripts/other.ts": 'import { a } from "./cycle.ts";\nexport const b = () => a;\n',
    });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(Object.entries(allowed))("refuses in %s all imports but its own layers", (file, expected) => {
    const refused = findings.filter(({ filename, code }) => filename === file && code.includes("no-restricted-imports"));
    const isRefused = (specifier: string): boolean => refused.some(({ message }) => message.includes(`'${specifier}'`));
    expect(ALL.filter((specifier) => !isRefused(specifier))).toEqual(expected);
  });

  it.each([
    ["scripts/long.mjs", "max-lines"],
    ["scripts/any.ts", "no-explicit-any"],
    ["scripts/cycle.ts", "no-cycle"],
  ])("complains about %s: %s", (file, rule) => {
    expect(findings.filter(({ filename, code }) => filename === file && code.includes(rule))).toHaveLength(1);
  });
});
