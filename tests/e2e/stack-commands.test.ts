import { cpSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { documentOf } from "./testing/documents.ts";
import { jsonOf, testProject, type Outcome, type TestProject } from "./testing/project.ts";

const LESSON = join(import.meta.dirname, "..", "..", "packages", "engine", "src", "project-files", "fixtures", "lesson");
const PIPELINE = `import { json, pipeline, step } from "mlstack";
import { z } from "zod";
export const train = step({ name: "train", requires: { experimentTracker: true }, output: json(z.number()), run: ({ tracker }) => { tracker.logMetric("loss", 1); return 1; } });
export const p = pipeline({ name: "p", build: () => ({ x: train() }) });
export const named = step({ name: "named", requires: { experimentTracker: "mlflow_tracker" }, output: json(z.number()), run: () => 1 });
export const n = pipeline({ name: "n", build: () => ({ x: named() }) });
`;
/** The flavors of the lesson's stacks, as plugins would bring them: folders of this machine under the names of clouds. */
const PLUGIN = `import { component, definePlugin } from "@mlstack/core";
import { z } from "zod";
const text = z.string();
const looks = (what, ok = true) => async () => [{ name: what, ok, message: ok ? what + " works" : "grant roles/storage.admin to me@example.com", ms: 1 }];
const tracker = (name) => ({ contract: "experiment_tracker@1", check: looks("reach"), open: async () => ({ id: "r1" }), log: async () => ({ refused: [] }), end: async () => undefined });
export default definePlugin({ name: "fake-cloud", components: [
  component({ type: "artifact_store", version: 1, flavor: "gcp", description: "A bucket", config: z.strictObject({ path: text.startsWith("gs://") }), create: ({ path }) => ({ contract: "artifact_store@1", check: looks("bucket", !path.includes("locked")) }) }),
  component({ type: "orchestrator", version: 1, flavor: "vertex", description: "Jobs", config: z.strictObject({ project: text, location: text, pipelineRoot: text }), create: () => ({ contract: "orchestrator@1", check: looks("quota") }) }),
  component({ type: "experiment_tracker", version: 1, flavor: "mlflow", description: "MLflow", config: z.strictObject({ trackingUri: z.url(), experimentName: text }), create: () => tracker() }),
  component({ type: "model_deployer", version: 1, flavor: "vertex", description: "Endpoints", config: z.strictObject({ project: text, location: text }), create: () => ({ contract: "model_deployer@1", accepts: [] }) }),
] });
`;
const REGISTER = [
  "stack register local-mlflow --artifact-store local_artifact_store --orchestrator local_orchestrator --experiment-tracker mlflow_tracker",
  "stack set local-mlflow",
  "stack register vertex-production --artifact-store gcs_artifact_store --orchestrator vertex_orchestrator --experiment-tracker vertex_experiment_tracker --container-registry gcr_registry --model-deployer vertex_model_deployer",
  "stack set vertex-production",
];

let p: TestProject;
beforeEach(() => {
  p = testProject({ "pipeline.ts": PIPELINE });
  mkdirSync(join(p.dir, "stacks"));
  cpSync(LESSON, join(p.dir, "stacks"), { recursive: true });
});
afterEach(() => { p.close(); });
const cli = (line: string, env: Record<string, string> = {}): Promise<Outcome> => p.mlstack(line.split(" "), { env });
async function ok(line: string, env: Record<string, string> = {}): Promise<Outcome> {
  const outcome = await cli(line, env);
  expect(outcome.code, `${line}: ${outcome.stdout}${outcome.stderr}`).toBe(0);
  return outcome;
}
async function withPlugins(): Promise<void> {
  p.write("package.json", JSON.stringify({ name: "project", private: true, type: "module", dependencies: { mlstack: "*", zod: "*", "fake-cloud": "*" } }));
  const manifest = { name: "fake-cloud", version: "1.0.0", type: "module", exports: "./index.js" };
  p.write("node_modules/fake-cloud/index.js", PLUGIN);
  p.write("node_modules/fake-cloud/package.json", JSON.stringify(manifest));
  const { stdout, stderr } = await p.node(["--input-type=module", "-e", 'import plugin from "fake-cloud"; import { manifestOf } from "@mlstack/core"; console.log(JSON.stringify(manifestOf(plugin, "./index.js", ">=0.1.0 <1")))']);
  if (stdout === "") throw new Error(stderr);
  p.write("node_modules/fake-cloud/package.json", JSON.stringify({ ...manifest, mlstack: JSON.parse(stdout) as unknown }));
}

describe("the lesson's commands", { timeout: 120_000 }, () => {
  test("work letter for letter, twice, and leave the lesson's files alone; what is not installed is said then, and a run is refused", async () => {
    const before = readFileSync(join(LESSON, "vertex-ai.yaml"), "utf8");
    for (const line of REGISTER) await ok(line);
    const again = await ok(REGISTER[2]!);
    expect(again.stdout).toMatch(/^the stack vertex-production is so already \(stacks\/vertex-production\.yaml\)\n/);
    expect(again.stderr).toMatch(/warning {2}no installed plugin offers gcp \(artifact_store\): npm install @mlstack\/plugin-gcs, as soon as it is published\n/);
    expect(again.stderr).toMatch(/offers vertex \(orchestrator\), vertex \(model_deployer\): npm install @mlstack\/plugin-vertex, as soon as it is published\n/);
    expect(again.stderr).toMatch(/no installed plugin offers mlflow \(experiment_tracker\): npm install @mlstack\/plugin-mlflow\n/);
    expect(readFileSync(join(p.dir, "stacks", "vertex-ai.yaml"), "utf8")).toBe(before);
    const refused = await cli("run pipeline.ts#p");
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringMatching(/^error MLS4020 {2}the stack "vertex-production" does not fit the pipeline "p" in 4 ways\n {2}why {3}MLS2007 [^]*\n {2}fix {3}mend these and run again: nothing has run\n$/)]);
    expect(refused.stderr.trimEnd().split("\n").length).toBeLessThanOrEqual(8);
    expect((documentOf("error", await cli("run pipeline.ts#p --json"))["error"] as { details: { findings: unknown[] } }).details.findings).toHaveLength(4);
    expect(jsonOf(await cli("run list --json")).data).toEqual([]);
  });

  test("with plugins: described, verified, and what a step requires by name is found by an alias of mlstack.yaml", async () => {
    await withPlugins();
    for (const line of REGISTER) expect((await ok(line)).stderr).not.toContain("warning");
    const set = await ok("stack set local-mlflow");
    expect(set.stdout).toMatch(/^the active stack is local-mlflow, it was vertex-production\n[^]*orchestrator +vertex_orchestrator \(vertex\) +→ +local_orchestrator \(local\)\n[^]*model_deployer +vertex_model_deployer \(vertex\) +→ +none\n/);
    expect(set.stderr).toBe("next  mlstack run FILE\n");
    const described = await ok("stack describe vertex-production");
    expect(described.stdout).toMatch(/^vertex-production {2}stacks\/vertex-production\.yaml\n\nartifact_store {2}gcs_artifact_store {2}gcp, fake-cloud 1\.0\.0, stacks\/vertex-ai\.yaml:5\n {2}path {2}gs:\/\/my-company-ml-artifacts\/zenml\n/);
    expect(described.stdout).toContain("nothing uses components of this type yet");
    const verified = await ok("stack verify vertex-production");
    expect(verified.stdout).toMatch(/✓ artifact_store {2}gcs_artifact_store \(gcp\)\n {2}✓ bucket +bucket works +1 ms\n[^]*every component of vertex-production works\n$/);
    await ok("component update gcs_artifact_store --config path=gs://locked");
    const locked = await cli("stack verify vertex-production");
    expect([locked.code, locked.stdout, locked.stderr]).toEqual([1, expect.stringMatching(/✗ bucket +grant roles\/storage\.admin to me@example\.com/), expect.stringMatching(/^error MLS4021 {2}1 component of the stack "vertex-production" does not work as it is: gcs_artifact_store\n {2}why {3}grant roles/)]);
    expect(documentOf("stack-verify", await cli("stack verify vertex-production --json"))).toMatchObject({ data: { ok: false }, error: { code: "MLS4021", exitCode: 1 } });

    p.write("stacks/here.yaml", "components:\n  artifact_store: { type: local, name: h }\n  orchestrator: local_orchestrator\n  experiment_tracker: { type: local, name: other_tracker }\n");
    const unnamed = await cli("run pipeline.ts#n --stack here");
    expect([unnamed.code, unnamed.stderr]).toEqual([2, expect.stringMatching(/MLS4004 {2}the step "named" requires the experimentTracker "mlflow_tracker", the stack "here" has "other_tracker"/)]);
    p.write("mlstack.yaml", "aliases:\n  other_tracker: [mlflow_tracker]\n");
    await ok("run pipeline.ts#n --stack here");
  });
});

describe("stacks and components", { timeout: 120_000 }, () => {
  test("every command's document has its published schema", async () => {
    await withPlugins();
    for (const [command, line] of [
      ["stack-list", "stack list"], ["stack-describe", "stack describe vertex-ai"], ["stack-describe", "stack describe"], ["stack-register", REGISTER[2]!], ["stack-set", "stack set vertex-production"], ["stack-update", "stack update vertex-production --experiment-tracker mlflow_tracker --remove container_registry"],
      ["stack-copy", "stack copy vertex-ai copied"], ["stack-export", "stack export copied"], ["stack-export", "stack export copied --out out.yaml"], ["stack-apply", "stack apply stacks/vertex-ai.yaml"], ["stack-verify", "stack verify local"], ["stack-delete", "stack delete vertex-production --yes"],
      ["component-register", "component register bucket --type artifact-store --flavor local --config path=x --alias b"], ["component-list", "component list --type artifact_store"], ["component-describe", "component describe bucket"], ["component-update", "component update bucket --config durability=power"], ["component-delete", "component delete bucket --yes"], ["init", "init inner"],
    ] as const) {
      const outcome = await ok(`${line} --json`);
      documentOf(command, outcome);
      expect(outcome.stderr, line).toBe("");
    }
  });

  test("the list marks the active one and shows broken files; the same as lines with --plain", async () => {
    p.write("stacks/broken.yaml", "components: [\n");
    await ok("stack set local");
    expect((await ok("stack list")).stdout.split("\n").map((line) => line.trim().replaceAll(/ +/g, " "))).toEqual(["STACK ORCHESTRATOR ARTIFACT STORE TRACKER FILE", "* local local_orchestrator local_artifact_store local_tracker built in", expect.stringMatching(/^broken - - - stacks\/broken\.yaml is not YAML: line 2/), "local-mlflow local_orchestrator local_artifact_store mlflow_tracker stacks/local-mlflow.yaml", "vertex-ai vertex_orchestrator gcs_artifact_store vertex_experiment_tracker stacks/vertex-ai.yaml", ""]);
    expect((await ok("stack list --plain")).stdout.split("\n")[0]).toBe("*\tlocal\tlocal_orchestrator\tlocal_artifact_store\tlocal_tracker\tbuilt in");
    expect(jsonOf(await cli("stack list --json --stack vertex-ai")).data).toMatchObject([{ active: false }, { error: { code: "MLS7004" } }, { active: false }, { stack: "vertex-ai", active: true, source: "--stack" }]);
    expect((await cli("stack describe broken")).stderr).toMatch(/^error MLS7004 {2}stacks\/broken\.yaml is not YAML: line 2, column 1/);
  });

  test.each([
    ["stack set nope", 2, /MLS7003 {2}there is no stack "nope"[^]*fix {3}mlstack stack register nope/], ["stack set vertex-a", 2, /MLS7003[^]*fix {3}write vertex-ai\n/], ["stack set stacks/vertex-ai.yaml", 2, /MLS7003[^]*fix {3}mlstack stack apply stacks\/vertex-ai\.yaml/],
    ["stack register x", 2, /MLS7001 {2}mlstack stack register x names no component/], ["stack register x --artifact-store a", 2, /MLS7001 {2}mlstack stack register needs --orchestrator/], ["stack register x -a nope -o local_orchestrator", 2, /MLS7012 {2}there is no artifact_store "nope"/],
    ["stack register x -a local_artifact_store -o local_orchestrator --component y", 2, /MLS7001 {2}--component "y" is not TYPE=NAME/], ["stack register x -a local_artifact_store -o local_orchestrator --component acme.index=y", 2, /MLS7012 {2}there is no acme\.index "y"/],
    ["stack register local-mlflow -a local_artifact_store -o local_orchestrator", 2, /MLS7011[^]*fix {3}mlstack stack update local-mlflow --remove experiment_tracker/], ["stack delete local", 2, /MLS7013 {2}the stack "local" is built in/], ["stack delete vertex-ai", 2, /MLS7001 {2}Delete the stack vertex-ai\? stacks\/vertex-ai\.yaml is removed\. Nobody is there to be asked[^]*fix {3}add --yes/],
    ["stack update vertex-ai", 2, /MLS7001/], ["stack apply none.yaml", 2, /MLS7003 {2}there is no stack file "none\.yaml"/], ["stack apply pipeline.ts", 2, /MLS7004/], ["stack export nope", 2, /MLS7003/], ["stack verify vertex-ai", 1, /MLS4021[^]*artifact_store|MLS4021/],
    ["component register s --type artifact_store --flavor s3 --config bucket=b", 2, /MLS2007[^]*fix {3}npm install @mlstack\/plugin-s3\n/], ["component register s --type artifact_store --flavor lcoal", 2, /MLS2007[^]*fix {3}write type: local/], ["component register s --type artefact_store --flavor local", 2, /MLS7001 {2}there is no type of components "artefact_store"[^]*fix {3}--type artifact_store/],
    ["component register s --type artifact_store --flavor local --config pth=x", 2, /MLS2008[^]*pth is not known\n {2}fix {3}write path/], ["component register s --type orchestrator --flavor local --config concurrency=many", 2, /MLS2008/], ["component register s --type artifact_store", 2, /MLS7001 {2}mlstack component register needs --flavor/], ["component register a/b --type artifact_store --flavor local", 2, /MLS7011/],
    ["component register s --type artifact_store --flavor local --config path", 2, /MLS7001 {2}--config "path" has no value/], ["component describe nope", 2, /MLS7012 {2}there is no component "nope"\n {2}why {3}there are [^]*\n {2}fix {3}mlstack component list, or mlstack component register nope --type TYPE/], ["component describe mlflow_trackr", 2, /MLS7012 {2}there is no component[^]*\n {2}fix {3}write mlflow_tracker\n/], ["component update local_tracker --config path=x", 2, /MLS7013 {2}the experiment_tracker "local_tracker" is built in/], ["component update mlflow_tracker", 2, /says nothing to change/],
    ["component delete mlflow_tracker --yes", 2, /MLS7013[^]*fix {3}mlstack stack update local-mlflow --remove experiment_tracker/], ["init package.json", 2, /MLS7002 {2}".*package\.json" is no folder/],
  ])("%s: exit %i", async (line, code, says) => {
    const outcome = await cli(line);
    expect([outcome.code, outcome.stderr]).toEqual([code, expect.stringMatching(says)]);
    expect(outcome.stderr).not.toMatch(/\n {4}at |MLS9001/);
    expect(readdirSync(join(p.dir, "stacks")).toSorted()).toEqual(["local-mlflow.yaml", "vertex-ai.yaml"]);
  });

  test("a secret as text is refused where a component is registered, and never shown", async () => {
    p.write("node_modules/vault/index.js", 'import { component, definePlugin, secret } from "@mlstack/core";\nimport { z } from "zod";\nexport default definePlugin({ name: "vault", components: [component({ type: "experiment_tracker", version: 1, flavor: "vault", description: "x", config: z.strictObject({ login: z.strictObject({ apiToken: secret(z.string()) }) }), create: () => ({}) })] });\n');
    p.write("package.json", JSON.stringify({ name: "project", private: true, type: "module", dependencies: { mlstack: "*", zod: "*", vault: "*" } }));
    p.write("node_modules/vault/package.json", JSON.stringify({ name: "vault", version: "1.0.0", type: "module", exports: "./index.js", mlstack: { manifestVersion: 1, entry: "./index.js", core: ">=0.1.0 <1", components: [{ contract: "experiment_tracker@1", flavor: "vault", description: "x", config: { type: "object", properties: { login: { type: "object", properties: { apiToken: { type: "string", secret: true } } } } } }] } }));
    const refused = await cli("component register t --type experiment_tracker --flavor vault --config login.api_token=canary-123");
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringMatching(/MLS2008[^]*login\.api_token is a secret, and is written as text/)]);
    const kept = await ok("component register t --type experiment_tracker --flavor vault --config login.api_token=${env:NOT_SET_HERE}");
    expect(kept.stderr).toContain("the variable NOT_SET_HERE is not set: export NOT_SET_HERE=");
    p.write("stacks/written.yaml", "components: { artifact_store: local_artifact_store, orchestrator: local_orchestrator, experiment_tracker: { type: vault, name: u, configuration: { login: { api_token: canary-123 } } } }\n");
    for (const line of ["stack describe written", "stack describe written --json", "component describe u", "component describe u --json"]) {
      const { stdout, stderr } = await ok(line);
      expect(stdout).toContain("[secret]");
      expect(stdout + stderr).not.toContain("canary");
    }
    expect((await cli("stack verify written")).stdout).not.toContain("canary");
    expect((await cli("stack set written")).stderr).toMatch(/MLS2008/);
  });

  test("commands at once lose nothing", async () => {
    const names = Array.from({ length: 6 }, (_, i) => `s${i}`);
    const outcomes = await Promise.all(names.map((name, i) => cli(`component register ${name} --type artifact_store --flavor local --config path=store-${i}`)));
    expect(outcomes.map((o) => o.code)).toEqual(names.map(() => 0));
    const text = readFileSync(join(p.dir, "stacks", "components.yaml"), "utf8");
    for (const name of names) expect(text).toContain(`    ${name}:\n`);
    await Promise.all(names.map((name) => ok(`stack register t-${name} -a ${name} -o local_orchestrator`)));
    expect((jsonOf(await cli("stack list --json")).data as unknown as unknown[]).length).toBe(names.length + 3);
    expect(readdirSync(join(p.dir, "stacks")).filter((f) => f.includes("partial"))).toEqual([]);
  });

  test("with --dry-run a delete says what it would do, and does not", async () => {
    await ok("stack register other -a gcs_artifact_store -o local_orchestrator");
    await ok("component register spare --type artifact_store --flavor local");
    await ok("stack set other");
    const state = () => readdirSync(join(p.dir, "stacks")).map((f) => [f, readFileSync(join(p.dir, "stacks", f), "utf8")]);
    const before = state();
    expect(await ok("stack delete vertex-ai -n")).toMatchObject({ stdout: "would delete the stack vertex-ai (stacks/vertex-ai.yaml)\n  would keep in stacks/components.yaml: gcs_artifact_store\n", stderr: "nothing was changed\n" });
    expect((await ok("stack delete other --dry-run")).stderr).toContain("other is the active stack");
    expect(documentOf("stack-delete", await ok("stack delete other --dry-run --json"))).toMatchObject({ data: { stack: "other", done: false }, warnings: ["other is the active stack"] });
    expect(await ok("component delete spare -n")).toMatchObject({ stdout: "would delete the artifact_store spare (stacks/components.yaml)\n", stderr: "nothing was changed\n" });
    expect((await cli("component delete gcs_artifact_store -n")).stderr).toContain("MLS7013");
    expect(state()).toEqual(before);
    expect(documentOf("component-delete", await ok("component delete spare --yes --json"))["data"]).toMatchObject({ component: "spare", done: true });
    expect(documentOf("stack-delete", await ok("stack delete other --yes --json"))["data"]).toMatchObject({ stack: "other", done: true });
  });

  test("a stack that is deleted while it is active is active no more", async () => {
    await ok("stack copy local mine");
    await ok("stack set mine");
    expect((await ok("stack delete mine --yes")).stderr).toContain("mine was the active stack: now it is local");
    await ok("run pipeline.ts#p");
  });

  test("the order of who names the stack; one that leads nowhere keeps nobody from looking", async () => {
    for (const name of ["a", "b"]) await ok(`stack copy local ${name}`);
    const ran = async (line: string, env: Record<string, string> = {}) => { await ok(line, env); return (jsonOf(await cli("run show last --json")).data["stack"] as { name: string }).name; };
    await ok("stack set a");
    expect(await ran("run pipeline.ts#p")).toBe("a");
    expect(await ran("run pipeline.ts#p", { MLSTACK_STACK: "b" })).toBe("b");
    expect((await ok("stack set a", { MLSTACK_STACK: "b" })).stderr).toContain("MLSTACK_STACK is b, and goes before what is set here");
    expect(await ran("run pipeline.ts#p --stack local", { MLSTACK_STACK: "b" })).toBe("local");
    p.write(".mlstack/active", "gone\n");
    expect((await cli("run pipeline.ts#p")).stderr).toMatch(/MLS7003 {2}there is no stack "gone"\n {2}why {3}mlstack stack set made it the active one[^]*fix {3}mlstack stack set local/);
    await ok("run list");
    expect((await ok("stack list")).stderr).toContain('the active stack "gone" (stack set) is none of them');
  });

  test("in CI a stack that nobody has named is refused, from the command line and from a script", async () => {
    p.write("trigger.ts", 'import { p } from "./pipeline.ts";\nconst run = await p.run({}, process.argv[2] === undefined ? {} : { stack: process.argv[2] });\nconsole.log(run.status);\n');
    await ok("stack copy local mine");
    const env = { CI: "true" };
    const refused = await cli("run pipeline.ts#p", env);
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringMatching(/^error MLS7014 {2}CI is set, and nobody has named a stack: it would be "local"\n[^]*fix {3}--stack local, or MLSTACK_STACK=local\n$/)]);
    await ok("run pipeline.ts#p --stack mine", env);
    await ok("run pipeline.ts#p", { ...env, MLSTACK_STACK: "mine" });
    await ok("run list", env);
    const script = (...args: string[]) => p.node(["--import", "mlstack/register", "trigger.ts", ...args], env);
    expect((await script()).stderr).toContain("MLS7014");
    expect(await script("mine")).toMatchObject({ code: 0, stdout: "completed\n" });
  });

  test("damaged records are restored from their copy, and it is said", async () => {
    await ok("run pipeline.ts#p --stack local");
    p.write(".mlstack/records.db", "not a database");
    for (const end of ["-wal", "-shm"]) p.remove(`.mlstack/records.db${end}`);
    const listed = await ok("run list --json");
    expect(listed.stderr).toMatch(/^mlstack: the records .* were damaged, and are restored from their copy of /);
    expect(jsonOf(listed).data).toHaveLength(1);
    expect((await ok("run list")).stderr).toBe("");
  });

  test("whatever stands on the command line, it is done or refused with a code", async () => {
    const word = fc.oneof(fc.constantFrom("stack", "component", "list", "set", "register", "describe", "update", "verify", "export", "local", "vertex-ai", "--json", "--stack", "-a", "--type", "artifact_store", "--flavor", "local", "--config", "a=b", "__proto__", "constructor", "=", "."), fc.string({ minLength: 1 }).filter((s) => !s.includes("\0")));
    await fc.assert(fc.asyncProperty(fc.constantFrom("stack", "component"), fc.array(word, { maxLength: 6 }), async (noun, words) => {
      const { code, stdout, stderr } = await p.mlstack([noun, ...words]);
      expect([0, 1, 2, 4]).toContain(code);
      if (code !== 0 && !words.includes("--json")) expect(`${stdout}${stderr}`).toMatch(/error MLS(?!9001)\d{4}/);
      expect(stderr).not.toContain("MLS9001");
    }), { numRuns: 25 });
  });
});
