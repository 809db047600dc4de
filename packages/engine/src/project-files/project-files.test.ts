import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MlstackError } from "@mlstack/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { activeStackOf, readActive, refuseImplicit, writeActive } from "./active-stack.ts";
import { findActiveStack, findStack } from "./find-stack.ts";
import { LOCAL_STACK } from "./local-stack.ts";
import { openProjectFiles } from "./project-files.ts";

let dir: string;
beforeEach(() => { dir = mkdtempSync(join(tmpdir(), "project-files-")); mkdirSync(join(dir, "stacks")); });
afterEach(() => { rmSync(dir, { recursive: true, force: true }); });
const write = (path: string, text: string) => { writeFileSync(join(dir, path), text); };
const refusal = async (work: Promise<unknown>): Promise<string> => work.then(() => { throw new Error("it was taken"); }, (e: unknown) => { if (!MlstackError.is(e)) throw e; return `${e.code} ${e.message} | ${e.why ?? ""} | ${e.fix ?? ""}`; });
const parts = (of: string, where: string) => `components:\n  artifact_store: { type: local, name: ${of}, configuration: { path: ${where} } }\n  orchestrator: { type: local, name: here }\n`;

describe("the lesson's files as they stand", () => {
  beforeEach(() => { cpSync(join(import.meta.dirname, "fixtures", "lesson"), join(dir, "stacks"), { recursive: true }); });
  test("are stacks, named as their files", async () => {
    expect(await findStack("local-mlflow", dir)).toEqual({ name: "local-mlflow", components: {
      artifact_store: { name: "local_artifact_store", flavor: "local", config: { path: "/tmp/zenml-artifacts" } }, orchestrator: { name: "local_orchestrator", flavor: "local" },
      experiment_tracker: { name: "mlflow_tracker", flavor: "mlflow", config: { trackingUri: "http://localhost:5000", experimentName: "fraud-detection" } },
    } });
    expect(Object.entries((await findStack("vertex-ai", dir)).components).map(([type, c]) => `${type} ${c.name} ${c.flavor}`)).toEqual([
      "artifact_store gcs_artifact_store gcp", "orchestrator vertex_orchestrator vertex", "experiment_tracker vertex_experiment_tracker mlflow", "container_registry gcr_registry gcp", "model_deployer vertex_model_deployer vertex",
    ]);
  });
  test("define components that other stacks name; a project's own goes before the built-in one of that name", async () => {
    write("stacks/mixed.yaml", "components:\n  artifact_store: gcs_artifact_store\n  orchestrator: local_orchestrator\n  experiment_tracker: local_tracker\n");
    const { components } = await findStack("mixed", dir);
    expect([components["artifact_store"]?.config, components["orchestrator"]?.flavor, components["experiment_tracker"]?.flavor]).toEqual([{ path: "gs://my-company-ml-artifacts/zenml" }, "local", "local"]);
    expect((await openProjectFiles(dir)).usersOf({ type: "artifact_store", name: "gcs_artifact_store" })).toEqual(["mixed", "vertex-ai"]);
  });
});

describe("components by name", () => {
  test("from stacks/components.yaml, where no stack owns them", async () => {
    write("stacks/components.yaml", "components:\n  artifact_store:\n    bucket: { type: local, aliases: [b], configuration: { some_path: x } }\n");
    write("stacks/a.yaml", "components: { artifact_store: bucket, orchestrator: local_orchestrator }\n");
    expect((await findStack("a", dir)).components["artifact_store"]).toEqual({ name: "bucket", flavor: "local", config: { somePath: "x" }, aliases: ["b"] });
    expect((await openProjectFiles(dir)).stacks.map((s) => s.name)).toEqual(["local", "a"]);
  });
  test("the built-in stack has the built-in ones, whatever files call theirs", async () => {
    for (const n of ["a", "b"]) write(`stacks/${n}.yaml`, `components:\n  artifact_store: { type: local, configuration: { path: ${n} } }\n  orchestrator: { type: local, configuration: { concurrency: ${n === "a" ? 1 : 2} } }\n`);
    expect((await findStack("local", dir)).components).toEqual(LOCAL_STACK.components);
    expect((await findStack("b", dir)).components["artifact_store"]?.config).toEqual({ path: "b" });
  });
  test("a name that nobody defines is refused, with what there is", async () => {
    write("stacks/a.yaml", "components: { artifact_store: buckt, orchestrator: local_tracker }\n");
    write("stacks/b.yaml", parts("bucket", "x"));
    expect(await refusal(findStack("a", dir))).toMatch(/^MLS7012 there is no artifact_store "buckt" \| there are "bucket" and "local_artifact_store" \| write bucket$/);
    write("stacks/a.yaml", "components: { artifact_store: bucket, orchestrator: local_tracker }\n");
    expect(await refusal(findStack("a", dir))).toMatch(/"local_tracker" is the name of a component of the type experiment_tracker/);
    write("stacks/a.yaml", "components: { artifact_store: other }\n");
    write("stacks/b.yaml", "components: [\n");
    expect(await refusal(findStack("a", dir))).toMatch(/a file can't be read: stacks\/b\.yaml is not YAML/);
  });
  test("a name that is defined in two ways is refused where it is used, not where each is", async () => {
    write("stacks/a.yaml", parts("bucket", "x"));
    write("stacks/b.yaml", parts("bucket", "y"));
    write("stacks/c.yaml", "components: { artifact_store: bucket, orchestrator: here }\n");
    expect((await findStack("a", dir)).components["artifact_store"]?.config).toEqual({ path: "x" });
    expect((await findStack("b", dir)).components["artifact_store"]?.config).toEqual({ path: "y" });
    expect(await refusal(findStack("c", dir))).toMatch(/^MLS7004 the artifact_store "bucket" is defined in stacks\/a\.yaml, line 2, and otherwise in stacks\/b\.yaml, line 2/);
  });
  test("two files of one name are refused, and the other stacks stay usable", async () => {
    write("stacks/a.yaml", parts("s", "x"));
    write("stacks/b.yml", `name: a\n${parts("t", "x")}`);
    write("stacks/c.yml", parts("u", "x"));
    expect(await refusal(findStack("a", dir))).toMatch(/^MLS7004 "stacks\/a\.yaml" and "stacks\/b\.yml" are both the stack "a"/);
    expect((await findStack("c", dir)).name).toBe("c");
  });
});

describe("mlstack.yaml", () => {
  test.each([
    ["version: 1\nproject: { id: abc, env_salt: s }\ndefault_stack: a\naliases: { s: [t] }\n", undefined],
    ["vresion: 1\n", /MLS7004 mlstack\.yaml is not a project file: it has "vresion", which is not known \| {2}\| write version, in line 1/], ["version: 3\n", /MLS7010 mlstack\.yaml is of version 3/],
    ["cache: { platforms: exact }\n", /has "cache", which is reserved: nothing heeds it yet \| {2}\| leave it out/], ["stack: a\n", /write default_stack/], ["project: x\n", /project is the string "x"/], ["project: { id: a/b }\n", /project\.id is "a\/b"/], ["project: { salt: a }\n", /write env_salt/],
    ["default_stack: []\n", /default_stack is a list/], ["aliases: { s: t }\n", /aliases\.s is no list of texts/], ["aliases: { tt: [t] }\n", /has aliases of "tt", and no component has that name/], ["aliases: { bucke: [t] }\n", /write bucket/], ["a: [\n", /mlstack\.yaml is not YAML: line 2, column 1/], ["", /is empty/],
  ])("%j", async (text, says) => {
    write("mlstack.yaml", text);
    write("stacks/a.yaml", `${parts("s", "x")}  experiment_tracker: { type: local, name: bucket }\n`);
    if (says === undefined) expect((await findStack("a", dir)).components["artifact_store"]?.aliases).toEqual(["t"]);
    else expect(await refusal(findStack("a", dir))).toMatch(says);
  });
});

describe("the active stack", () => {
  const project = () => ({ dir, stateDir: join(dir, ".mlstack") });
  test("flag, then activateStack, MLSTACK_STACK, stack set, default_stack, local", async () => {
    for (const name of ["a", "b", "c", "d", "e"]) write(`stacks/${name}.yaml`, parts("s", "x"));
    const named = { flag: "a", inProcess: "b", env: { MLSTACK_STACK: "c" } };
    const at = async (n: Parameters<typeof activeStackOf>[0]) => { const { stack, source } = activeStackOf(n, project(), await openProjectFiles(dir)); return `${stack} ${source}`; };
    expect(await at({ env: {} })).toBe("local built-in");
    write("mlstack.yaml", "default_stack: e\n");
    expect(await at({ env: {} })).toBe("e default_stack");
    writeActive(project(), "d");
    expect([readActive(project()), await at({ env: { MLSTACK_STACK: "" } })]).toEqual(["d", "d stack set"]);
    expect(await at({ env: named.env })).toBe("c MLSTACK_STACK");
    expect(await at({ ...named, flag: undefined })).toBe("b activateStack");
    expect(await at(named)).toBe("a --stack");
    writeActive(project(), undefined);
    expect(readActive(project())).toBeUndefined();
  });
  test("a name that leads nowhere says where it comes from", async () => {
    writeActive(project(), "gone");
    expect(await refusal(findActiveStack({ env: {} }, project()))).toMatch(/^MLS7003 there is no stack "gone" \| mlstack stack set made it the active one; there is "local" \| mlstack stack set local/);
    expect(await refusal(findActiveStack({ env: { MLSTACK_STACK: "x" } }, project()))).toMatch(/the variable MLSTACK_STACK names it/);
    writeActive(project(), undefined);
    write("mlstack.yaml", "default_stack: nope\n");
    expect(await refusal(findActiveStack({ env: {} }, project()))).toMatch(/default_stack of mlstack\.yaml names it.*correct default_stack/);
  });
  test("where CI is set and there is a choice, it must be named to run", async () => {
    const env = { CI: "true" };
    expect((await findActiveStack({ env }, project(), { toRun: true })).stack).toBe("local");
    write("stacks/a.yaml", parts("s", "x"));
    expect(await refusal(findActiveStack({ env }, project(), { toRun: true }))).toMatch(/^MLS7014 CI is set, and nobody has named a stack: it would be "local" \| there are "local" and "a"; "local" comes from nothing.* \| --stack local, or MLSTACK_STACK=local$/);
    writeActive(project(), "a");
    expect(await refusal(findActiveStack({ env }, project(), { toRun: true }))).toMatch(/"a" comes from mlstack stack set, which is of one machine \| --stack a/);
    for (const named of [{ flag: "a" }, { inProcess: "a" }, { env: { MLSTACK_STACK: "a" } }]) expect((await findActiveStack({ ...named, env: { ...env, ...named.env } }, project(), { toRun: true })).spec.name).toBe("a");
    for (const CI of ["", "0", "false"]) expect((await findActiveStack({ env: { CI } }, project(), { toRun: true })).stack).toBe("a");
    // who only looks is not kept from it
    expect((await findActiveStack({ env }, project())).stack).toBe("a");
    expect(() => { refuseImplicit({ stack: "a", source: "default_stack" }, { stacks: [{}, {}] } as unknown as Parameters<typeof refuseImplicit>[1], env); }).toThrow(/CI is set/);
  });
});
