import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it, onTestFinished } from "vitest";
import { CHAIN } from "./testing/chain-project.ts";
import { documentOf } from "./testing/documents.ts";
import { jsonOf, testProject, type TestProject } from "./testing/project.ts";
import { storeState } from "./testing/store.ts";

function project(files: Record<string, string> = {}): TestProject {
  const p = testProject({ ...CHAIN, ...files });
  onTestFinished(() => p.close());
  return p;
}
const errorOf = async (p: TestProject, args: string[], env: Record<string, string> = {}) => {
  const outcome = await p.mlstack([...args, "--json"], { env });
  const document = JSON.parse(outcome.stdout) as { error?: { code: string; message: string; fix?: string; why?: string }; data?: { error: { code?: string; message: string; fix?: string } | null } };
  return { code: outcome.code, error: document.error ?? document.data?.error ?? undefined };
};

describe("a changed byte in a stored blob", () => {
  it("is detected, named, and never used", async () => {
    const p = project();
    await p.mlstack(["run", "pipeline.mjs"]);
    const shown = jsonOf(await p.mlstack(["artifact", "show", "last/two.double", "--json"])).data as unknown as { files: { sha256: string }[] };
    const blob = shown.files[0]!.sha256;
    const path = join(p.dir, ".mlstack/store/cas/sha256", blob.slice(0, 2), blob);
    chmodSync(path, 0o644);
    const bytes = readFileSync(path);
    bytes[10] = bytes[10]! ^ 1;
    writeFileSync(path, bytes);
    // the step that reads it is new, so its input has to be read
    p.write("pipeline.mjs", CHAIN["pipeline.mjs"]!.replace("of ${inputs", "out of ${inputs"));
    const { code, error } = await errorOf(p, ["run", "pipeline.mjs"]);
    expect([code, error?.code]).toEqual([5, "MLS3002"]);
    expect(error?.message).toContain(blob);
    // and the next run makes it anew
    const again = jsonOf(await p.mlstack(["run", "pipeline.mjs", "--json"])).data as unknown as { steps: { step: string; status: string }[] };
    expect(again.steps.map((s) => `${s.step} ${s.status}`)).toEqual(["one cached", "two completed", "three completed"]);
    expect(storeState(join(p.dir, ".mlstack"))).toMatchObject({ damaged: [], dangling: [] });
  });

  it("that is gone makes the step run again", async () => {
    const p = project();
    await p.mlstack(["run", "pipeline.mjs"]);
    const { manifest } = (jsonOf(await p.mlstack(["run", "show", "last", "--json"])).data as unknown as { steps: { step: string; outputs: { digest: string; manifest?: string }[] }[] }).steps.find((s) => s.step === "two")!.outputs.map((o) => ({ manifest: o.digest }))[0]!;
    execFileSync("rm", ["-f", join(p.dir, ".mlstack/store/cas/sha256", manifest.slice(0, 2), manifest)]);
    const again = jsonOf(await p.mlstack(["run", "pipeline.mjs", "--json"])).data as unknown as { steps: { step: string; status: string }[] };
    expect(again.steps.map((s) => `${s.step} ${s.status}`)).toEqual(["one cached", "two completed", "three cached"]);
  });
});

describe("records", () => {
  it("from a newer version are refused, and left as they are", async () => {
    const p = project();
    await p.mlstack(["run", "pipeline.mjs"]);
    const path = join(p.dir, ".mlstack/records.db");
    const db = new DatabaseSync(path);
    db.exec("pragma user_version = 999");
    db.close();
    const { code, error } = await errorOf(p, ["run", "pipeline.mjs"]);
    expect([code, error?.code]).toEqual([4, "MLS5001"]);
    expect(error?.fix).toContain("update mlstack");
    const after = new DatabaseSync(path);
    expect(after.prepare("select count(*) as n from runs").get()).toMatchObject({ n: 1 });
    after.close();
  });

  it("that are damaged are named, with what to do", async () => {
    const p = project();
    mkdirSync(join(p.dir, ".mlstack"));
    writeFileSync(join(p.dir, ".mlstack/records.db"), "this is not a database, though it is long enough to be taken for one ".repeat(100));
    const { code, error } = await errorOf(p, ["run", "list"]);
    expect([code, error?.code]).toEqual([1, "MLS5002"]);
    expect(error?.fix).toContain("move it away");
  });
});

describe("a bug in mlstack", () => {
  const BROKEN = `import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
const real = fs.statSync;
fs.statSync = (path, options) => { if (String(path).endsWith("broken")) throw new TypeError("no " + process.env.API_TOKEN); return real(path, options); };
syncBuiltinESMExports();
`;
  const env = { API_TOKEN: "hunter-in-variable" };
  it("leaves a report, and says where; a user's mistake leaves none", async () => {
    const p = project({ "break.mjs": BROKEN });
    mkdirSync(join(p.dir, "broken"));
    mkdirSync(join(p.dir, ".mlstack"));
    const args = ["run", "list", "--cwd", "broken"];
    const { code, stdout, stderr } = await p.mlstack(args, { node: ["--import", "./break.mjs"], env });
    const [, path = ""] = /\n {2}fix {3}look at (.+), and send it with your report: https:\S+\n$/.exec(stderr) ?? [];
    expect([code, stdout, stderr], stderr).toEqual([1, "", expect.stringMatching(/^error MLS9001 .*\n {2}why {3}this is a bug in mlstack/)]);
    expect(stderr).not.toContain("    at ");
    expect(path.startsWith(join(p.dir, ".mlstack", "reports")), stderr).toBe(true);
    const text = readFileSync(path, "utf8");
    expect(text).toContain("command   mlstack run list --cwd …\n");
    expect(text).toMatch(/TypeError: no \[secret\]\n +at /);
    expect(text).not.toContain("hunter");
    const asJson = documentOf("error", await p.mlstack([...args, "--json"], { node: ["--import", "./break.mjs"], env })) as { error: { report: string } };
    expect(asJson.error).toMatchObject({ code: "MLS9001", report: expect.stringContaining("mlstack-bug-") as string });
    const { length } = readdirSync(join(p.dir, ".mlstack", "reports"));
    expect(length).toBe(2);
    for (const mistake of [["run", "nope.ts"], ["rnu"], ["run", "show", "nope"]]) expect((await p.mlstack(mistake)).stderr).not.toMatch(/MLS9001|mlstack-bug/);
    expect(readdirSync(join(p.dir, ".mlstack", "reports"))).toHaveLength(length);
  }, 60_000);
});
