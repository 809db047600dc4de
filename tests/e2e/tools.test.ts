import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { documentOf } from "./testing/documents.ts";
import { BIN, cleanEnv, testProject, type TestProject } from "./testing/project.ts";
import { skipBecause } from "./testing/skips.ts";

const PIPELINE = `import { json, pipeline, step } from "mlstack";
import { z } from "zod";
export const square = step({ name: "square", params: { n: z.number() }, output: json(z.number()), run: ({ params }) => params.n ** 2 });
export const squares = pipeline({ name: "squares", params: { n: z.number().default(3) }, build: (p) => ({ x: square({ n: p.n }) }) });
`;
let p: TestProject;
beforeAll(async () => {
  p = testProject({ "squares.ts": PIPELINE, "package-lock.json": "{}" });
  expect((await p.mlstack(["run", "squares.ts"])).code).toBe(0);
});
afterAll(() => { p.close(); });

const env = () => ({ XDG_CONFIG_HOME: join(p.dir, "config"), APPDATA: join(p.dir, "config") });

describe("mlstack explain", () => {
  test("says what a code stands for and what mends it, however it is written", async () => {
    const { code, stdout } = await p.mlstack(["explain", "MLS4001"]);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^MLS4001 {2}A step failed\n {2}The step's own code threw\.\n\n {2}fix {2}/)]);
    expect((await p.mlstack(["explain", "4001"])).stdout).toBe(stdout);
    expect((await p.mlstack(["explain", "mls4001"])).stdout).toBe(stdout);
    expect(documentOf("explain", await p.mlstack(["explain", "MLS4001", "--json"]))["data"]).toMatchObject({ code: "MLS4001", exitCode: 1 });
  });

  test("without a code lists all of them", async () => {
    const { code, stdout } = await p.mlstack(["explain"]);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^CODE +EXIT +MEANS\nMLS1001 +2 +A step /)]);
    const all = documentOf("explain-list", await p.mlstack(["explain", "--json"]))["data"] as { code: string }[];
    expect(stdout.trimEnd().split("\n")).toHaveLength(all.length + 1);
    expect(all.map((e) => e.code)).toContain("MLS9001");
  });

  test("of an unknown code says the nearest, and nothing that an installed user does not have", async () => {
    expect((await p.mlstack(["explain", "4099"])).stderr).toMatch(/there is no error "4099"\n {2}why {3}the nearest are .*MLS4\d{3}.*\n {2}fix {3}mlstack explain lists them all\n$/);
    expect((await p.mlstack(["explain", "nonsense"])).stderr).toMatch(/why {3}an error's code is MLS and four digits\n {2}fix {3}mlstack explain lists them all\n$/);
    const { code, stderr } = await p.mlstack(["explain", "MLS40001"]);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/there is no error "MLS40001"[^]*fix {3}mlstack explain MLS4\d{3}\n$/)]);
  });
});

describe("mlstack config show", () => {
  interface Shown { readonly data: readonly { readonly setting: string; readonly value: unknown; readonly origin: object }[]; readonly warnings: readonly string[] }
  const shown = async (q: TestProject, args: readonly string[] = [], more: Record<string, string> = {}) => {
    const { data, warnings } = documentOf("config-show", await q.mlstack(["config", "show", "--json", ...args], { env: { ...env(), ...more } })) as unknown as Shown;
    return { of: Object.fromEntries(data.map((s) => [s.setting, s])), warnings };
  };
  const origin = (kind: string, name: string | null = null, line: number | null = null) => ({ kind, name, line });

  test("defaults, where nobody has said anything; and nothing is made", async () => {
    const q = testProject({});
    try {
      const { of, warnings } = await shown(q);
      expect(warnings).toEqual([]);
      for (const [setting, value] of [["state_folder", join(q.dir, ".mlstack")], ["project.id", null], ["stack", "local"], ["artifact_store", "local_artifact_store (local)"], ["artifact_store.path", join(q.dir, ".mlstack", "store")], ["artifact_store.durability", "process"], ["orchestrator.concurrency", availableParallelism()], ["orchestrator.isolation", "process"], ["secrets.key", join(p.dir, "config", "mlstack", "secrets.key")], ["run.cache", "use"], ["gc.keep_days", 90], ["input", false], ["ci", false]] as const) expect(of[setting], setting).toEqual({ setting, value, origin: origin("default") });
      expect(of["color"]?.origin).toEqual(origin("variable", "NO_COLOR"));
      expect(existsSync(join(q.dir, ".mlstack"))).toBe(false);
      const text = await q.mlstack(["config", "show"], { env: env() });
      expect([text.code, text.stderr, text.stdout]).toEqual([0, "", expect.stringMatching(/^SETTING +VALUE\n/)]);
      expect((await q.mlstack(["config", "show", "--origin", "--plain"], { env: env() })).stdout).toContain("stack\tlocal\tdefault\n");
    } finally { q.close(); }
  });

  test("flags, variables and files, the stronger over the weaker; and no secret", async () => {
    const q = testProject({
      "mlstack.yaml": "version: 1\nproject:\n  id: mine\ndefault_stack: first\n",
      "stacks/first.yaml": "components:\n  artifact_store:\n    type: local\n    configuration:\n      durability: power\n  orchestrator: { type: local, configuration: { concurrency: 3 } }\n  secret_store: { type: file }\n",
      "stacks/second.yaml": "components:\n  artifact_store: { type: nobodys, configuration: { password: hunter-in-file } }\n  orchestrator: local_orchestrator\n",
      "elsewhere.yaml": "name: third\ncomponents:\n  artifact_store: { type: local, configuration: { path: x } }\n  orchestrator: { type: local }\n",
    });
    try {
      const { of } = await shown(q);
      expect(of["project.id"]).toMatchObject({ value: "mine", origin: origin("file", "mlstack.yaml", 3) });
      expect(of["stack"]).toMatchObject({ value: "first", origin: origin("file", "mlstack.yaml", 4) });
      expect(of["artifact_store"]?.origin).toEqual(origin("file", "stacks/first.yaml", 2));
      expect(of["artifact_store.durability"]).toMatchObject({ value: "power", origin: origin("file", "stacks/first.yaml", 5) });
      expect(of["orchestrator.concurrency"]).toMatchObject({ value: 3, origin: origin("file", "stacks/first.yaml", 6) });
      q.write(".mlstack/active", "second\n");
      const set = await shown(q);
      expect(set.of["stack"]).toMatchObject({ value: "second", origin: origin("file", ".mlstack/active") });
      expect(JSON.stringify(set)).not.toContain("hunter");
      const variables = { MLSTACK_STACK: "first", MLSTACK_STATE_DIR: join(q.dir, "state"), MLSTACK_SECRETS_KEY: "hunter-in-variable", CI: "1" };
      const varied = await shown(q, [], variables);
      expect(varied.of["stack"]).toMatchObject({ value: "first", origin: origin("variable", "MLSTACK_STACK") });
      expect(varied.of["state_folder"]).toMatchObject({ value: join(q.dir, "state"), origin: origin("variable", "MLSTACK_STATE_DIR") });
      expect(varied.of["secrets.key"]).toMatchObject({ value: "[secret]", origin: origin("variable", "MLSTACK_SECRETS_KEY") });
      expect(varied.of["ci"]).toMatchObject({ value: true, origin: origin("variable", "CI") });
      expect(JSON.stringify(varied)).not.toContain("hunter");
      const flagged = await shown(q, ["--stack", "elsewhere.yaml", "--no-input", "--cwd", "."], variables);
      expect(flagged.of["stack"]).toMatchObject({ value: "elsewhere.yaml", origin: origin("flag", "--stack") });
      expect(flagged.of["artifact_store.path"]).toMatchObject({ value: "x", origin: origin("file", "elsewhere.yaml") });
      expect([flagged.of["project"]?.origin, flagged.of["input"]?.origin]).toEqual([origin("flag", "--cwd"), origin("flag", "--no-input")]);
      const gone = await shown(q, [], { MLSTACK_STACK: "gone" });
      expect(gone.warnings).toEqual([expect.stringMatching(/^MLS7003 .*"gone"/)]);
      expect([gone.of["stack"]?.value, gone.of["artifact_store"]]).toEqual(["gone", undefined]);
    } finally { q.close(); }
  });
});

describe("mlstack doctor", () => {
  const lines = async (more: Record<string, string> = {}) => (documentOf("doctor", await p.mlstack(["doctor", "--json"], { env: { ...env(), ...more } }))["data"] as { checks: { name: string; status: string; message: string; fix: string | null }[] }).checks;

  test("finds a sound project sound", async () => {
    const { code, stdout } = await p.mlstack(["doctor", "--plain"], { env: env() });
    expect([code, stdout.split("\n").filter((line) => line.startsWith("error"))], stdout).toEqual([0, []]);
    const found = Object.fromEntries((await lines()).map((l) => [l.name, l]));
    expect(found["records"]).toMatchObject({ status: "ok", message: "sound, 1 run" });
    expect(Object.keys(found)).toEqual(expect.arrayContaining(["node", "platform", "clock", "package manager", "mlstack", "plugins", "state folder", "records", "stack", "secrets"]));
  });

  test("what is wrong has a line with what mends it, and the exit code is 1", async () => {
    const sick = testProject({
      "package.json": JSON.stringify({ name: "sick", private: true, type: "module", dependencies: { mlstack: "*", zod: "*", "bad-plugin": "*", "old-plugin": "*" } }), ".pnp.cjs": "", ".mlstack/records.db": "this is no database of SQLite, and long enough to be looked at",
      "node_modules/bad-plugin/package.json": JSON.stringify({ name: "bad-plugin", version: "1.0.0", mlstack: { manifestVersion: 7 } }),
      "node_modules/old-plugin/package.json": JSON.stringify({ name: "old-plugin", version: "2.0.0", mlstack: { manifestVersion: 1, entry: "./p.js", core: "^99.0.0" } }), "node_modules/old-plugin/node_modules/@mlstack/core/package.json": JSON.stringify({ name: "@mlstack/core", version: "99.0.0" }),
      "stacks/s.yaml": "components:\n  artifact_store: { type: s4 }\n  orchestrator: { type: local }\n", "config/mlstack/secrets.key": "nonsense",
    });
    if (process.platform !== "win32") chmodSync(join(sick.dir, "config", "mlstack", "secrets.key"), 0o600);
    try {
      const outcome = await sick.mlstack(["doctor", "--json"], { env: { XDG_CONFIG_HOME: join(sick.dir, "config"), APPDATA: join(sick.dir, "config"), MLSTACK_STACK: "s" } });
      const { data, error } = documentOf("doctor", outcome) as { data: { checks: { name: string; status: string; message: string; fix: string | null }[] }; error: { code: string } };
      expect([outcome.code, error.code]).toEqual([1, "MLS7022"]);
      const bad = data.checks.filter((c) => c.status !== "ok");
      for (const check of bad) expect(check.fix, check.message).toEqual(expect.any(String));
      expect(bad.map((c) => `${c.status} ${c.name}`)).toEqual(["error package manager", "warning copies", "error plugin", "error plugin", "error records", "error stack", "error secrets"]);
      const all = bad.map((c) => c.message).join("\n");
      for (const part of ["Plug'n'Play", "2 copies of @mlstack/core", "99.0.0 for old-plugin", "MLS2001", "bad-plugin@1.0.0", "MLS2004", "old-plugin@2.0.0", "records.db is damaged", "MLS2007", "MLS8001"]) expect(all).toContain(part);
      const text = await sick.mlstack(["doctor"], { env: { XDG_CONFIG_HOME: join(sick.dir, "config"), APPDATA: join(sick.dir, "config"), MLSTACK_STACK: "s" } });
      expect([text.code, text.stderr]).toEqual([1, "6 errors, 1 warning\n"]);
    } finally { sick.close(); }
  });

  test.skipIf(process.platform === "win32")("an old Node that comes first in PATH is told of", async () => {
    const bin = join(p.dir, "old-bin");
    mkdirSync(bin);
    p.write("old-bin/node", "#!/bin/sh\necho v18.20.0\n");
    chmodSync(join(bin, "node"), 0o755);
    expect((await lines({ PATH: `${bin}:${process.env["PATH"] ?? ""}` })).find((l) => l.name === "node in PATH")).toMatchObject({ status: "warning", message: expect.stringContaining("18.20.0") as string });
    expect((await lines({ PATH: `${dirname(process.execPath)}:${process.env["PATH"] ?? ""}` })).find((l) => l.name === "node in PATH")).toBeUndefined();
  });
});

describe("mlstack lint", () => {
  test("a project without mistakes", async () => {
    const { code, stdout, stderr } = await p.mlstack(["lint", "squares.ts"]);
    expect([code, stdout, stderr]).toEqual([0, "", "1 step in 1 module: nothing to mend\n"]);
  });

  test("errors end with 1, warnings with 1 only where there are too many; nothing is run", async () => {
    p.write("bad.ts", `${PIPELINE.replace("params.n ** 2", "Math.random()")}throw new Error("this was run");\n`);
    const warned = await p.mlstack(["lint", "bad.ts#squares"]);
    expect([warned.code, warned.stdout.split("\n")[0], warned.stderr]).toEqual([0, expect.stringMatching(/^bad\.ts:3:\d+ {2}warning {2}Math\.random\(\)/), "1 step in 1 module: 1 warning\n"]);
    expect((await p.mlstack(["lint", "bad.ts", "--max-warnings", "1"])).code).toBe(0);
    const refused = await p.mlstack(["lint", "bad.ts", "--max-warnings", "0"]);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining("error MLS7021  1 warning, and at most 0 are allowed")]);
    p.write("worse.ts", PIPELINE.replace("output: json(z.number())", "outputs: { a: json(z.number()) }").replace("params.n ** 2", "({ b: 1 })"));
    const wrong = await p.mlstack(["lint", "worse.ts", "--json"]);
    expect(wrong.code).toBe(1);
    expect(documentOf("lint", wrong)).toMatchObject({ data: { errors: 2, warnings: 0, findings: [{ rule: "undeclared-result", steps: ["square"], severity: "error" }, { rule: "undeclared-result" }] }, error: { code: "MLS7021" } });
    // all of the project
    expect((await p.mlstack(["lint", "--plain"])).stdout.trimEnd().split("\n").map((line) => line.split("\t")[2])).toEqual(["random-without-seed", "undeclared-result", "undeclared-result"]);
    p.remove("bad.ts");
    p.remove("worse.ts");
  });

  test("a file that is not there", async () => {
    expect((await p.mlstack(["lint", "nope.ts"])).stderr).toMatch(/^error MLS7002[^]*\n {2}fix {3}.+\n$/);
  });
});

describe("mlstack completion", () => {
  const words = async (line: string, at = line.split(" ").length) => {
    const { code, stdout } = await p.mlstack(["__complete", String(at), "--", "mlstack", ...line.split(" ")], { env: env() });
    expect(code).toBe(0);
    return stdout.split("\n").filter((l) => l !== "").map((l) => l.split("\t")[0]);
  };

  test("commands, options, and names that are looked up", async () => {
    expect(await words("r")).toEqual(["run"]);
    expect(await words("run re")).toEqual(["resume", ":files"]);
    expect(await words("run list --pip")).toEqual(["--pipeline"]);
    expect(await words("run list --pipeline s")).toEqual(["squares"]);
    expect(await words("run show la")).toEqual(["last"]);
    expect((await words("run show ")).length).toBe(2);
    expect(await words("run logs last s")).toEqual(["square"]);
    expect(await words("why last/")).toEqual(["last/square"]);
    expect(await words("artifact show last/s")).toEqual(["last/square.output"]);
    expect(await words("explain MLS500")).toContain("MLS5003");
    expect(await words("completion ")).toEqual(["bash", "zsh", "fish"]);
    p.write("stacks/production.yaml", "components: {}\n");
    expect(await words("run squares.ts --stack ")).toEqual(["local", "production"]);
    // as bash cuts it
    expect(await words("run squares.ts --stack = pro")).toEqual(["production"]);
    // as zsh and fish hand it on
    expect(await words("run squares.ts --stack=pro")).toEqual(["--stack=production"]);
    expect(await words("run list --status c")).toEqual(["completed", "cancelled"]);
    expect(await words("component describe local_a")).toEqual(["local_artifact_store"]);
    expect(await words("stack register x --orchestrator ")).toEqual(["local_orchestrator"]);
    expect(await words("component list --type art")).toEqual(["artifact_store"]);
    mkdirSync(join(p.dir, ".mlstack", "deployments", "squarer"), { recursive: true });
    expect(await words("deployment show sq")).toEqual(["squarer"]);
    p.remove(".mlstack/deployments");
    // hidden commands are not offered, nor is anything that is not known
    expect((await words("")).filter((w) => w!.startsWith("_") || w === "step")).toEqual([]);
    expect(await words("nonsense and more")).toEqual([]);
    p.remove("stacks/production.yaml");
  });

  test("integrations: what can be installed by the catalog, what is pinned by the lock", async () => {
    expect(await words("integration install s")).toEqual(["s3"]);
    expect(await words("integration install gc")).toEqual([]); // planned
    expect(await words("integration info gc")).toEqual(expect.arrayContaining(["gcp", "gcs"]));
    expect(await words("integration install aw")).toEqual(["aws"]);
    expect(await words("integration upgrade --allow-fresh s")).toEqual(["s3"]);
    expect(await words("integration bundle export x.bundle s")).toEqual(["s3"]);
    expect([await words("integration bundle import "), await words("integration install ./")]).toEqual([[":files"], [":files"]]);
    expect([await words("integration uninstall "), await words("integration uninstall s")]).toEqual([[], []]);
    p.write("mlstack.lock", JSON.stringify({ lockVersion: 1, plugins: { "@acme/mlstack-plugin-x": { version: "1.0.0" }, "@mlstack/plugin-s3": { version: "0.1.0" } } }));
    for (const verb of ["uninstall", "upgrade", "permissions"]) expect(await words(`integration ${verb} `)).toEqual(["@acme/mlstack-plugin-x", "s3"]);
    expect(await words("integration uninstall s3 @acme")).toEqual(["@acme/mlstack-plugin-x"]);
    expect(await words("integration info s")).toEqual(expect.arrayContaining(["s3"]));
    expect((await words("integration info s3")).length).toBe(1);
    expect(await words("integration info @")).toEqual(["@acme/mlstack-plugin-x"]);
    p.write("mlstack.lock", "damaged");
    expect(await words("integration uninstall ")).toEqual([]);
    p.remove("mlstack.lock");
  });

  test("scripts for three shells, and no other", async () => {
    for (const shell of ["bash", "zsh", "fish"]) expect((await p.mlstack(["completion", shell])).stdout).toContain("__complete");
    const { code, stderr } = await p.mlstack(["completion", "csh"]);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^error MLS7001[^]*bash/)]);
  });

  const hasBash = spawnSync("bash", ["--version"]).status === 0;
  test("bash completes with its script", async (context) => {
    if (!hasBash) skipBecause(context, "bash is not installed here");
    p.write("mlstack", `#!/bin/sh\nexec ${process.execPath} ${BIN} "$@"\n`);
    chmodSync(join(p.dir, "mlstack"), 0o755);
    const script = (line: readonly string[]) => `source <(./mlstack completion bash); COMP_WORDBREAKS=$' \\t\\n"\\'@><=;|&(:'; COMP_WORDS=(${line.map((w) => `'${w}'`).join(" ")}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _mlstack; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const bash = (...line: string[]) => spawnSync("bash", ["--norc", "-c", script(["./mlstack", ...line])], { cwd: p.dir, encoding: "utf8", env: { ...cleanEnv(), ...env() } }).stdout.trim().split("\n");
    expect(bash("run", "sho")).toEqual(["show"]);
    expect(bash("run", "show", "la")).toEqual(["last"]);
    expect(bash("run", "squ")).toEqual(["squares.ts"]);
    expect(bash("why", "last/")).toEqual(["last/square"]);
    expect(bash("run", "list", "--status", "com")).toEqual(["completed"]);
    expect(bash("run", "list", "--limit", "")).toEqual([""]);
    expect(bash("lint")).toEqual(["lint"]);
    p.write("mlstack.lock", JSON.stringify({ lockVersion: 1, plugins: { "@acme/x": { version: "1.0.0" }, "@mlstack/plugin-s3": { version: "0.1.0" } } }));
    expect(bash("integration", "uninstall", "s")).toEqual(["s3"]);
    // cut as bash does it, and not
    expect(bash("integration", "uninstall", "s3", "@", "ac")).toEqual(["acme/x"]);
    expect(bash("integration", "uninstall", "@")).toEqual(["acme/x"]);
    expect(bash("integration", "uninstall", "@", "acme/x", "s")).toEqual(["s3"]);
    expect(bash("integration", "uninstall", "@ac")).toEqual(["@acme/x"]);
    p.remove("mlstack.lock");
  });

  const has = (shell: string) => spawnSync(shell, ["--version"]).status === 0;
  const shell = (program: string, ...args: string[]) => {
    p.write("mlstack", `#!/bin/sh\nexec ${process.execPath} ${BIN} "$@"\n`);
    chmodSync(join(p.dir, "mlstack"), 0o755);
    return spawnSync(program, args, { cwd: p.dir, encoding: "utf8", env: { ...cleanEnv(), ...env(), HOME: p.dir, PATH: `${p.dir}:${process.env["PATH"] ?? ""}` } }).stdout.trim().split("\n");
  };

  test("zsh completes with its script", async (context) => {
    if (!has("zsh")) skipBecause(context, "zsh is not installed here");
    // what zsh does only while somebody types is stood in for; the script itself is run as it is
    const zsh = (...line: string[]) => shell("zsh", "-f", "-c", `compdef() { }; compset() { print -- "compset $2" }; _files() { print -- files }; compadd() { print -l -- $names }; source <(mlstack completion zsh); words=(${line.map((w) => `'${w}'`).join(" ")}); CURRENT=\${#words}; _mlstack`);
    expect(zsh("mlstack", "run", "sho")).toEqual(["files", "show"]);
    expect(zsh("mlstack", "why", "last/")).toEqual(["last/square"]);
    expect(zsh("mlstack", "run", "squares.ts", "--stack=lo")).toEqual(["--stack=local"]);
    expect(zsh("mlstack", "lint", "squ")).toEqual(["files"]);
    expect(zsh("mlstack", "run", "squares.ts", "--config=squ")).toEqual(["compset --*=", "files"]);
  });

  test("fish completes with its script", async (context) => {
    if (!has("fish")) skipBecause(context, "fish is not installed here");
    const fish = (line: string) => shell("fish", "-N", "-c", `source (mlstack completion fish | psub); complete -C '${line}'`).map((l) => l.split("\t")[0]);
    expect(fish("mlstack run sho")).toEqual(["show"]);
    expect(fish("mlstack why last/")).toEqual(["last/square"]);
    expect(fish("mlstack run squares.ts --stack=lo")).toEqual(["--stack=local"]);
    expect(fish("mlstack lint squ")).toEqual(["squares.ts"]);
    expect(fish("mlstack run squares.ts --config=squ")).toEqual(["--config=squares.ts"]);
  });
});
