import { chmodSync, cpSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MlstackError } from "@mlstack/core";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { deleteComponent, registerComponent, updateComponent } from "./component-edits.ts";
import { editProject } from "./edit-files.ts";
import { findStack, stackOfFile } from "./find-stack.ts";
import { initProject } from "./init-project.ts";
import { loadYaml, openProjectFiles } from "./project-files.ts";
import { applyStack, copyStack, deleteStack, exportStack, registerStack, updateStack } from "./stack-edits.ts";

let dir: string;
beforeEach(() => { dir = mkdtempSync(join(tmpdir(), "edits-")); mkdirSync(join(dir, "stacks")); });
afterEach(() => { rmSync(dir, { recursive: true, force: true }); });
const project = () => ({ dir, stateDir: join(dir, ".mlstack") });
const read = (path: string) => readFileSync(join(dir, path), "utf8");
const lesson = () => { cpSync(join(import.meta.dirname, "fixtures", "lesson"), join(dir, "stacks"), { recursive: true }); };
const refusal = async (work: Promise<unknown>): Promise<string> => work.then(() => { throw new Error("it was taken"); }, (e: unknown) => { if (!MlstackError.is(e)) throw e; return `${e.code} ${e.message} | ${e.why ?? ""} | ${e.fix ?? ""}`; });
const VERTEX = new Map([["artifact_store", "gcs_artifact_store"], ["orchestrator", "vertex_orchestrator"], ["experiment_tracker", "vertex_experiment_tracker"], ["container_registry", "gcr_registry"], ["model_deployer", "vertex_model_deployer"]]);
const LOCAL = new Map([["artifact_store", "local_artifact_store"], ["orchestrator", "local_orchestrator"], ["experiment_tracker", "mlflow_tracker"]]);
const bucket = (path: string) => ({ type: "artifact_store", name: "bucket", flavor: "local", aliases: [], configuration: { path } });

describe("registering the lesson's stacks", () => {
  beforeEach(lesson);
  test("one that its file has already is left as it is, byte for byte", async () => {
    const before = read("stacks/local-mlflow.yaml");
    expect(await registerStack(project(), "local-mlflow", LOCAL)).toMatchObject({ what: "unchanged", file: "stacks/local-mlflow.yaml" });
    expect(read("stacks/local-mlflow.yaml")).toBe(before);
  });
  test("one under another name names the components of the file, and is the same the second time", async () => {
    expect(await registerStack(project(), "vertex-production", VERTEX)).toMatchObject({ what: "created", file: "stacks/vertex-production.yaml" });
    expect(await registerStack(project(), "vertex-production", VERTEX)).toMatchObject({ what: "unchanged" });
    expect(read("stacks/vertex-production.yaml")).toBe("components:\n  artifact_store: gcs_artifact_store\n  orchestrator: vertex_orchestrator\n  experiment_tracker: vertex_experiment_tracker\n  container_registry: gcr_registry\n  model_deployer: vertex_model_deployer\n");
    expect((await findStack("vertex-production", dir)).components).toEqual((await findStack("vertex-ai", dir)).components);
  });
  test("one with other components is refused, with the command that changes it", async () => {
    expect(await refusal(registerStack(project(), "local-mlflow", new Map([...LOCAL, ["experiment_tracker", "local_tracker"]])))).toMatch(/^MLS7011 .* \| its experiment_tracker is "mlflow_tracker", not "local_tracker" \(stacks\/local-mlflow\.yaml\) \| mlstack stack update local-mlflow --experiment-tracker local_tracker$/);
    expect(await refusal(registerStack(project(), "x", new Map([["artifact_store", "nope"], ["orchestrator", "local_orchestrator"]])))).toMatch(/^MLS7012 there is no artifact_store "nope"/);
    for (const name of ["a/b", "a.b", "", "components", "ä", "-x"]) expect(await refusal(registerStack(project(), name, LOCAL))).toMatch(/^MLS7011/);
    expect(await refusal(registerStack(project(), "Local-MLflow", LOCAL))).toMatch(/can't tell the two names apart/);
    expect(await refusal(registerStack(project(), "local", LOCAL))).toMatch(/built in \| take another name/);
    expect(readdirSync(join(dir, "stacks"))).toEqual(["local-mlflow.yaml", "vertex-ai.yaml"]);
  });
  test("what an update replaces is kept, with its comments; what a delete takes is kept where others name it", async () => {
    expect(await updateStack(project(), "vertex-ai", new Map([["experiment_tracker", "mlflow_tracker"]]), ["container_registry"])).toMatchObject({ what: "updated", moved: ["vertex_experiment_tracker", "gcr_registry"] });
    expect(read("stacks/components.yaml")).toContain("tracking_uri: https://mlflow.my-company.com # or Vertex Experiments");
    expect(read("stacks/vertex-ai.yaml")).toMatch(/^# stacks\/vertex-ai\.yaml\nzenml_version: "0\.55\.0"\n\ncomponents:\n {2}artifact_store:\n {4}type: gcp\n[^]*\n\n {2}experiment_tracker: mlflow_tracker\n\n {2}model_deployer:/);
    expect((await openProjectFiles(dir)).component("experiment_tracker", "vertex_experiment_tracker").configuration).toEqual({ tracking_uri: "https://mlflow.my-company.com", experiment_name: "fraud-detection-vertex" });
    await registerStack(project(), "other", new Map([["artifact_store", "gcs_artifact_store"], ["orchestrator", "local_orchestrator"]]));
    expect(await deleteStack(project(), "vertex-ai")).toMatchObject({ what: "deleted", moved: ["gcs_artifact_store"] });
    expect(existsSync(join(dir, "stacks", "vertex-ai.yaml"))).toBe(false);
    expect((await findStack("other", dir)).components["artifact_store"]?.config).toEqual({ path: "gs://my-company-ml-artifacts/zenml" });
    expect(await refusal(updateStack(project(), "other", new Map(), ["artifact_store"]))).toMatch(/^MLS7013 the artifact_store .* can't be removed/);
    expect(await refusal(updateStack(project(), "other", new Map(), ["alerter"]))).toMatch(/^MLS7012 the stack "other" has no alerter/);
    expect(await refusal(deleteStack(project(), "local"))).toMatch(/^MLS7013 the stack "local" is built in/);
  });
  test("a dry run says the same, and writes nothing, not even a state folder", async () => {
    await registerStack(project(), "other", new Map([["artifact_store", "gcs_artifact_store"], ["orchestrator", "local_orchestrator"]]));
    await registerComponent(project(), bucket("x"));
    rmSync(join(dir, ".mlstack"), { recursive: true });
    const state = () => readdirSync(dir, { recursive: true, withFileTypes: true }).map((e) => [e.name, e.isFile() ? readFileSync(join(e.parentPath, e.name), "utf8") : ""]);
    const before = state();
    const [stack, component] = [await deleteStack(project(), "vertex-ai", { dryRun: true }), await deleteComponent(project(), "artifact_store", "bucket", { dryRun: true })];
    expect(await refusal(deleteComponent(project(), "artifact_store", "gcs_artifact_store", { dryRun: true }))).toMatch(/^MLS7013/);
    expect(state()).toEqual(before);
    expect([stack, component]).toEqual([await deleteStack(project(), "vertex-ai"), await deleteComponent(project(), "artifact_store", "bucket")]);
  });
  test("copied, exported and applied it is the same stack", async () => {
    await copyStack(project(), "vertex-ai", "copied");
    expect((await findStack("copied", dir)).components).toEqual((await findStack("vertex-ai", dir)).components);
    expect(await refusal(copyStack(project(), "local", "copied"))).toMatch(/^MLS7011/);
    await copyStack(project(), "local", "mine");
    expect(read("stacks/mine.yaml")).toContain("type: local");
    const text = exportStack(await loadYaml(), await openProjectFiles(dir), "copied");
    writeFileSync(join(dir, "exported.yaml"), `# kept\n${text}`);
    const before = await findStack("copied", dir);
    rmSync(join(dir, "stacks"), { recursive: true });
    expect(await stackOfFile(join(dir, "exported.yaml"), await openProjectFiles(dir))).toEqual(before);
    expect(await applyStack(project(), join(dir, "exported.yaml"))).toMatchObject({ stack: "copied", what: "created", file: "stacks/copied.yaml" });
    expect(await applyStack(project(), join(dir, "exported.yaml"))).toMatchObject({ what: "unchanged" });
    expect(await applyStack(project(), join(dir, "stacks", "copied.yaml"))).toMatchObject({ what: "unchanged" });
    expect(read("stacks/copied.yaml")).toMatch(/^# kept\n/);
    writeFileSync(join(dir, "exported.yaml"), text.replace("us-central1", "europe-west4"));
    expect(await applyStack(project(), join(dir, "exported.yaml"))).toMatchObject({ what: "updated" });
    expect((await findStack("copied", dir)).components["orchestrator"]?.config).toMatchObject({ location: "europe-west4" });
  });
});

describe("components", () => {
  test("are defined, changed where they are, and removed when no stack has them", async () => {
    expect(await registerComponent(project(), bucket("x"))).toMatchObject({ what: "created", file: "stacks/components.yaml" });
    expect(await registerComponent(project(), bucket("x"))).toMatchObject({ what: "unchanged" });
    expect(await refusal(registerComponent(project(), bucket("y")))).toMatch(/^MLS7011 there is a artifact_store "bucket" already, defined otherwise \| stacks\/components\.yaml, line 4/);
    writeFileSync(join(dir, "stacks", "components.yaml"), read("stacks/components.yaml").replace("path: x", "path: x # on the big disk"));
    expect(await updateComponent(project(), "artifact_store", "bucket", { set: new Map<string, unknown>([["durability", "power"], ["a.b", 1]]), unset: [], addAliases: ["b"], removeAliases: [] })).toMatchObject({ what: "updated" });
    expect(read("stacks/components.yaml")).toContain("path: x # on the big disk");
    expect((await openProjectFiles(dir)).component("artifact_store", "bucket")).toMatchObject({ configuration: { path: "x", durability: "power", a: { b: 1 } }, aliases: ["b"] });
    await updateComponent(project(), "artifact_store", "bucket", { set: new Map(), unset: ["durability", "a", "path"], addAliases: [], removeAliases: ["b"] });
    expect((await openProjectFiles(dir)).component("artifact_store", "bucket")).toMatchObject({ configuration: undefined, aliases: [] });
    expect(await refusal(updateComponent(project(), "artifact_store", "bucket", { set: new Map(), unset: ["durability"], addAliases: [], removeAliases: [] }))).toMatch(/^MLS7012 .* has no setting durability/);
    await registerStack(project(), "s", new Map([["artifact_store", "bucket"], ["orchestrator", "local_orchestrator"]]));
    expect(await refusal(deleteComponent(project(), "artifact_store", "bucket"))).toMatch(/^MLS7013 the artifact_store "bucket" is used by "s" \| {2}\| mlstack stack update s --artifact-store ANOTHER/);
    await deleteStack(project(), "s");
    expect(await deleteComponent(project(), "artifact_store", "bucket")).toMatchObject({ what: "deleted" });
    expect((await openProjectFiles(dir)).components.filter((c) => c.at !== undefined)).toEqual([]);
    expect(await refusal(deleteComponent(project(), "orchestrator", "local_orchestrator"))).toMatch(/^MLS7013 .* is built in/);
  });
  test("a definition in a stack's file is changed there; line ends and order stay", async () => {
    lesson();
    writeFileSync(join(dir, "stacks", "local-mlflow.yaml"), read("stacks/local-mlflow.yaml").replaceAll("\n", "\r\n"));
    const before = read("stacks/local-mlflow.yaml");
    await updateComponent(project(), "experiment_tracker", "mlflow_tracker", { set: new Map([["tracking_uri", "http://localhost:5001"]]), unset: [], addAliases: [], removeAliases: [] });
    expect(read("stacks/local-mlflow.yaml")).toBe(before.replace("localhost:5000", "localhost:5001"));
  });
  test.each(["components:\n  artifact_store:\n#    a: { type: local }\n", "components: # of ours\n", "# nothing yet\ncomponents: {}\n"])("is put below a key that has no value: %j", async (text) => {
    mkdirSync(join(dir, "stacks"), { recursive: true });
    writeFileSync(join(dir, "stacks", "components.yaml"), text);
    await registerComponent(project(), bucket("x"));
    expect((await openProjectFiles(dir)).components.filter((c) => c.at !== undefined).map((c) => [c.name, c.configuration])).toEqual([["bucket", { path: "x" }]]);
    for (const comment of text.match(/#.*/g) ?? []) expect(read("stacks/components.yaml")).toContain(comment);
  });
  test("takes the place of a value that is no mapping; what an alias stands for is left to its writer", async () => {
    mkdirSync(join(dir, "stacks"), { recursive: true });
    writeFileSync(join(dir, "stacks", "components.yaml"), "components:\n  artifact_store:\n    a: { type: local, configuration: { path: x, more: 1 } }\n");
    const set = (key: string) => updateComponent(project(), "artifact_store", "a", { set: new Map([[key, 2]]), unset: [], addAliases: [], removeAliases: [] });
    await set("more.less");
    expect((await openProjectFiles(dir)).component("artifact_store", "a").configuration).toEqual({ path: "x", more: { less: 2 } });
    const shared = "x-shared: &s { a: { type: local } }\ncomponents:\n  artifact_store: *s\n";
    writeFileSync(join(dir, "stacks", "components.yaml"), shared);
    expect(await refusal(registerComponent(project(), bucket("x")))).toMatch(/^MLS7004 .*components\.artifact_store is the alias \*s/);
    const all = "x-shared: &s { artifact_store: { a: { type: local } } }\ncomponents: *s\n";
    writeFileSync(join(dir, "stacks", "components.yaml"), all);
    expect(await refusal(registerComponent(project(), bucket("x")))).toMatch(/^MLS7004 .*components is the alias \*s/);
    expect(read("stacks/components.yaml")).toBe(all);
  });
  test("an edit that fails has written nothing; an anchor that others use is not taken away", async () => {
    writeFileSync(join(dir, "stacks", "a.yaml"), "components:\n  artifact_store: &s { type: local, name: s, configuration: { path: x } }\n  orchestrator: { type: local, name: o }\nx-other: *s\n");
    const before = read("stacks/a.yaml");
    await registerComponent(project(), bucket("x"));
    expect(await refusal(updateStack(project(), "a", new Map([["artifact_store", "bucket"]]), []))).toMatch(/^MLS7004 .*a\.yaml can't be edited/);
    expect(read("stacks/a.yaml")).toBe(before);
    expect(read("stacks/components.yaml")).not.toContain("path: x\n    s:");
    await expect(editProject(project(), (e) => { e.write(join(dir, "stacks", "b.yaml"), "x"); throw new Error("no"); })).rejects.toThrow("no");
    expect(existsSync(join(dir, "stacks", "b.yaml"))).toBe(false);
  });
});

test("whatever edits come, the files say what a model of them says, and comments are all there", async () => {
  const name = fc.constantFrom("a", "b", "c", "constructor", "__proto__x", "d-1");
  const value = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constantFrom("yes", "null", "1e3", "# no comment", "- x", "${env:X}", "a: b", "ü\u2028\n"), fc.array(fc.string(), { maxLength: 2 }));
  const op = fc.oneof(fc.record({ op: fc.constant("put" as const), name, value }), fc.record({ op: fc.constant("set" as const), name, value }), fc.record({ op: fc.constant("delete" as const), name, value }));
  await fc.assert(fc.asyncProperty(fc.array(op, { maxLength: 8 }), async (ops) => {
    rmSync(join(dir, "stacks"), { recursive: true, force: true });
    mkdirSync(join(dir, "stacks"));
    writeFileSync(join(dir, "stacks", "components.yaml"), "# first\ncomponents:\n  # of stores\n  artifact_store:\n    kept: # stays\n      type: local # too\n");
    const model = new Map<string, unknown>();
    for (const o of ops) {
      const has = model.has(o.name);
      if (o.op === "put" && !has) { await registerComponent(project(), { ...bucket(""), name: o.name, configuration: { v: o.value } }); model.set(o.name, o.value); }
      if (o.op === "set" && has) { await updateComponent(project(), "artifact_store", o.name, { set: new Map([["v", o.value]]), unset: [], addAliases: [], removeAliases: [] }); model.set(o.name, o.value); }
      if (o.op === "delete" && has) { await deleteComponent(project(), "artifact_store", o.name); model.delete(o.name); }
      if (o.op === "delete" && !has) expect(await refusal(deleteComponent(project(), "artifact_store", o.name))).toMatch(/^MLS7012/);
    }
    const files = await openProjectFiles(dir);
    expect(files.broken).toEqual([]);
    expect(new Map(files.components.filter((c) => c.at !== undefined && c.name !== "kept").map((c) => [c.name, c.configuration?.["v"]]))).toEqual(model);
    for (const comment of ["# first", "# of stores", "# stays", "# too"]) expect(read("stacks/components.yaml")).toContain(comment);
  }), { numRuns: 60 });
}, 120_000);

test("whatever stands in the project's files, they are read or refused with a code", async () => {
  lesson();
  const yaml = [read("stacks/local-mlflow.yaml"), read("stacks/vertex-ai.yaml"), "version: 1\nproject: { id: a }\ndefault_stack: b\naliases: { a: [b] }\n", "components:\n  artifact_store:\n    a: { type: local }\n"];
  const edited = fc.tuple(fc.constantFrom(...yaml), fc.nat(), fc.nat(20), fc.oneof(fc.string(), fc.constantFrom("\t", "- ", ": ", "{", "[", "&a ", "*a", "<<: *a\n", "!!set ", "? ", "|", ">", "'", "\"", "%YAML 1.1\n---\n", "---\n", "__proto__: 1\n", "null: {}\n", "version: 9\n", ".inf"))).map(([text, at, cut, put]) => { const i = at % text.length; return text.slice(0, i) + put + text.slice(i + cut); });
  const text = fc.oneof(edited, fc.string(), fc.string({ unit: "binary" }));
  let [good, bad] = [0, 0];
  await fc.assert(fc.asyncProperty(fc.constantFrom("mlstack.yaml", "stacks/local-mlflow.yaml", "stacks/components.yaml"), text, async (file, what) => {
    rmSync(join(dir, "mlstack.yaml"), { force: true });
    rmSync(join(dir, "stacks"), { recursive: true, force: true });
    lesson();
    writeFileSync(join(dir, file), what);
    const files = await openProjectFiles(dir);
    for (const stack of [...files.stacks.map((s) => s.name), "__proto__", "constructor"]) {
      try { await findStack(stack, dir, dir, files); good++; } catch (e) { if (!MlstackError.is(e)) throw e; bad++; }
    }
    try { await registerComponent(project(), { ...bucket("x"), name: "new" }); await deleteComponent(project(), "artifact_store", "new"); } catch (e) { if (!MlstackError.is(e)) throw e; }
  }), { numRuns: 300 });
  expect(Math.min(good, bad)).toBeGreaterThan(20);
}, 120_000);

test("init makes a project once, keeps what is there, and the identity that runs have had", async () => {
  const { projectIdentity } = await import("../project/project.ts");
  writeFileSync(join(dir, "package.json"), "{}");
  const before = projectIdentity(project());
  expect(await initProject(dir, {})).toMatchObject({ written: ["mlstack.yaml", "tsconfig.json"], kept: ["package.json"], around: undefined });
  const { id, envSalt } = (await openProjectFiles(dir)).project;
  expect({ id, envSalt }).toEqual(before);
  // compilers of today know no node:fs by themselves
  expect(JSON.parse(readFileSync(join(dir, "tsconfig.json"), "utf8"))).toMatchObject({ compilerOptions: { types: ["node"] } });
  expect(await initProject(dir, {})).toMatchObject({ written: [], kept: ["mlstack.yaml", "package.json", "tsconfig.json"] });
  // a folder that is not there is made
  expect(await initProject(join(dir, "inner"), {})).toMatchObject({ written: ["mlstack.yaml", "package.json", "tsconfig.json"], around: dir });
  for (const path of ["package.json", "package.json/below"]) expect(await refusal(initProject(join(dir, path), {}))).toMatch(/^MLS7002 .* is no folder \| looked at .* \| name a folder/);
  writeFileSync(join(dir, "mlstack.yaml"), "version: 2\n");
  expect(await refusal(initProject(dir, {}))).toMatch(/^MLS7010/);
});

describe("where the files lie", () => {
  const stack = "# kept\ncomponents:\n  artifact_store: { type: local }\n  orchestrator: { type: local }\n";
  beforeEach(async () => { await registerComponent(project(), { type: "experiment_tracker", name: "t", flavor: "local", aliases: [], configuration: undefined }); });

  test.skipIf(process.platform === "win32")("a file that a link leads to is edited, and who may read a file stays", async () => {
    mkdirSync(join(dir, "shared"));
    writeFileSync(join(dir, "shared", "s.yaml"), stack);
    symlinkSync(join("..", "shared", "s.yaml"), join(dir, "stacks", "linked.yaml"));
    writeFileSync(join(dir, "stacks", "own.yaml"), stack);
    chmodSync(join(dir, "stacks", "own.yaml"), 0o600);
    for (const name of ["linked", "own"]) await updateStack(project(), name, new Map([["experiment_tracker", "t"]]), []);
    expect(lstatSync(join(dir, "stacks", "linked.yaml")).isSymbolicLink()).toBe(true);
    expect(read("shared/s.yaml")).toBe(`${stack}  experiment_tracker: t\n`);
    expect(statSync(join(dir, "stacks", "own.yaml")).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(dir, "shared"))).toEqual(["s.yaml"]);
  });

  test("another process that does not let go of the files is told, and nothing is written", async () => {
    const { DatabaseSync } = await import("../records/sqlite.ts");
    const other = new DatabaseSync(join(dir, ".mlstack", "edit.lock"));
    other.exec("begin exclusive");
    const edit = () => editProject(project(), (e) => e.write(join(dir, "stacks", "new.yaml"), stack), { lockTimeoutMs: 50 });
    expect(await refusal(edit())).toBe("MLS7015 another process has been editing the project's files for 0.05 seconds |  | end it, or wait, and try again");
    expect(existsSync(join(dir, "stacks", "new.yaml"))).toBe(false);
    other.close();
    await edit();
    expect(read("stacks/new.yaml")).toBe(stack);
  });
});
