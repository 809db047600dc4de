import { spawn } from "node:child_process";
import { chmodSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, realpathSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { changePlace } from "./change-place.ts";
import { changePlugins, pendingChange, putFilesBack, recoverPlugins, type ChangeOptions } from "./change.ts";
import { notOnWindows, skipBecause } from "../testing/skips.ts";
import { generations, KEPT, type Generation, type TouchedFiles } from "./generation.ts";

let dir: string;
let touched: TouchedFiles;
const file = (name: string): string => join(dir, name);
const text = (name: string): string | undefined => { try { return readFileSync(file(name), "utf8"); } catch { return undefined; } };
const state = () => ({ manifest: text("package.json"), theirs: text("package-lock.json"), ours: text("mlstack.lock") });

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "mlstack-hub-"));
  touched = { stateDir: file(".mlstack"), rootDir: dir, project: ".", files: ["package.json", "package-lock.json", "mlstack.lock"], modulesDir: file("node_modules") };
  writeFileSync(file("package.json"), "{}\r\n");
  writeFileSync(file("package-lock.json"), "1");
});
afterEach(() => { rmSync(dir, { recursive: true, force: true }); });

/** Options that count what is asked of the package manager. */
function asked(change = "install s3@1.0.0"): ChangeOptions & { readonly calls: string[] } {
  const calls: string[] = [];
  return { change, now: () => 1000, calls, reinstall: async () => { calls.push(`reinstall ${JSON.stringify(state())}`); }, recovered: (what) => { calls.push(`recovered ${what}`); } };
}
const install = (version: string) => async () => { writeFileSync(file("package.json"), `{"s3":"${version}"}`); writeFileSync(file("mlstack.lock"), version); };

describe("a change", () => {
  test("that ends is kept, with the files as they were before", async () => {
    const options = asked();
    await changePlugins(touched, options, install("1.0.0"));
    expect(state()).toEqual({ manifest: '{"s3":"1.0.0"}', theirs: "1", ours: "1.0.0" });
    const [kept] = generations(touched).list();
    expect(kept).toMatchObject({ id: 1, change: "install s3@1.0.0", at: 1000, files: { "mlstack.lock": null } });
    generations(touched).restore(kept!);
    expect(state()).toEqual({ manifest: "{}\r\n", theirs: "1", ours: undefined });
    expect([options.calls, pendingChange(touched.stateDir)]).toEqual([[], undefined]);
  });

  test("that throws leaves the old state, and what is installed follows it", async () => {
    const before = state();
    const options = asked();
    await expect(changePlugins(touched, options, async () => { await install("1.0.0")(); throw new Error("no network"); })).rejects.toThrow("no network");
    expect(state()).toEqual(before);
    expect(options.calls).toEqual([`reinstall ${JSON.stringify(before)}`]);
    expect([generations(touched).list(), pendingChange(touched.stateDir)]).toEqual([[], undefined]);
  });

  test("is taken back where a link leads to, and with the mode that a file had", async (context) => {
    notOnWindows(context, "links need a right there that users do not have, and files have no such modes");
    mkdirSync(file("shared"));
    renameSync(file("package.json"), file("shared/package.json"));
    symlinkSync("shared/package.json", file("package.json"));
    chmodSync(file("package-lock.json"), 0o600);
    const before = state();
    const change = async () => { await install("1.0.0")(); writeFileSync(file("package-lock.json"), "2"); throw new Error("no network"); };
    await expect(changePlugins(touched, asked(), change)).rejects.toThrow("no network");
    expect([state(), text("shared/package.json"), lstatSync(file("package.json")).isSymbolicLink(), statSync(file("package-lock.json")).mode & 0o777]).toEqual([before, before.manifest, true, 0o600]);
    expect(readdirSync(file("shared"))).toEqual(["package.json"]);
  });

  test.each(["", "{}", "{"])("of which the note is damaged (%s) is no bug: the file is named", async (note) => {
    const path = file(".mlstack/hub/pending.json");
    mkdirSync(file(".mlstack/hub"), { recursive: true });
    writeFileSync(path, note);
    await expect(changePlugins(touched, asked(), install("1.0.0"))).rejects.toMatchObject({ code: "MLS8501", message: expect.stringContaining(path) as string, fix: expect.stringContaining(`remove ${path}`) as string });
    expect(text("mlstack.lock")).toBeUndefined();
    rmSync(path);
    await changePlugins(touched, asked(), install("1.0.0"));
    expect(text("mlstack.lock")).toBe("1.0.0");
  });

  test("whose package manager can't go back is taken back by the next", async () => {
    const before = state();
    const told: unknown[] = [];
    const failing = { ...asked(), reinstall: async () => { throw new Error("still no network"); }, left: (problem: unknown) => { told.push(problem); } };
    // what the user has to know is what the change itself has failed with
    await expect(changePlugins(touched, failing, async () => { await install("1.0.0")(); throw new Error("no network"); })).rejects.toThrow("no network");
    expect([told, state()]).toEqual([[new Error("still no network")], before]);
    expect(pendingChange(touched.stateDir)).toMatchObject({ change: "install s3@1.0.0" });
    const next = asked("install mlflow@2.0.0");
    await changePlugins(touched, next, async () => { next.calls.push(`work ${JSON.stringify(state())}`); });
    expect(next.calls).toEqual([`reinstall ${JSON.stringify(before)}`, "recovered install s3@1.0.0", `work ${JSON.stringify(before)}`]);
  });

  test("whose files were put back, and only what is installed could not follow, does not undo what is edited since", async () => {
    const failing = { ...asked(), reinstall: async () => { throw new Error("still no network"); } };
    await expect(changePlugins(touched, failing, async () => { await install("1.0.0")(); throw new Error("no network"); })).rejects.toThrow(/^no network$/);
    writeFileSync(file("package.json"), '{"edited":true}');
    const next = asked();
    expect([await recoverPlugins(touched, next), next.calls, text("package.json")]).toEqual(["install s3@1.0.0", [], '{"edited":true}']);
    expect([generations(touched).list(), pendingChange(touched.stateDir)]).toEqual([[], undefined]);
  });

  test("waits for nobody for long: of two at once the second is refused, and says what the first does", async () => {
    await changePlugins(touched, asked(), async () => {
      await expect(changePlugins(touched, asked("upgrade"), install("2.0.0"))).rejects.toMatchObject({ code: "MLS8502", why: "install s3@1.0.0" });
      await expect(recoverPlugins(touched, asked())).rejects.toMatchObject({ code: "MLS8502" });
    });
    await expect(recoverPlugins(touched, asked())).resolves.toBeUndefined();
  });

  test("that waits for another one is ended by its signal", async () => {
    const reason = new Error("Ctrl-C");
    await changePlugins(touched, asked(), async () => {
      const ending = new AbortController();
      const waiting = changePlugins(touched, { ...asked("upgrade"), signal: ending.signal }, install("2.0.0"));
      ending.abort(reason);
      await expect(waiting).rejects.toBe(reason);
    });
    expect(text("package.json")).toBe("{}\r\n");
  });

  test("takes turns by a file that nothing is written to, and says what is wrong where it can't be made", async () => {
    await changePlugins(touched, asked(), async () => { await install("1.0.0")(); });
    // so it needs no space, and whatever is killed leaves nothing in it
    expect(readdirSync(join(touched.stateDir, "hub")).filter((name) => name.startsWith("change.lock"))).toEqual(["change.lock"]);
    expect(readFileSync(join(touched.stateDir, "hub", "change.lock"))).toHaveLength(0);
    writeFileSync(file("state"), "a file");
    await expect(changePlugins({ ...touched, stateDir: file("state") }, asked(), install("2.0.0"))).rejects.toMatchObject({ code: "MLS3003", message: expect.stringContaining("change.lock") as string });
  });

  test("is refused in words where the state folder can't be written", async (context) => {
    const why = process.platform === "win32" ? "folders of Windows have no such modes" : process.getuid?.() === 0 ? "root may write everywhere" : undefined;
    if (why !== undefined) skipBecause(context, why);
    mkdirSync(touched.stateDir);
    chmodSync(touched.stateDir, 0o555);
    await expect(changePlugins(touched, asked(), install("2.0.0"))).rejects.toMatchObject({ code: "MLS3005", fix: expect.stringContaining("MLSTACK_STATE_DIR") as string });
    chmodSync(touched.stateDir, 0o755);
  });

  // each point at which something is written, and one more at which nothing is
  test.each(["kept", "pending", "half", "written", "never"])("whose process is killed leaves the old state or the new one: %s", async (at) => {
    const before = state();
    const script = `
      import { changePlugins } from ${JSON.stringify(join(import.meta.dirname, "change.ts"))};
      import { writeFileSync } from "node:fs";
      import { join } from "node:path";
      const die = () => { process.kill(process.pid, "SIGKILL"); };
      const touched = ${JSON.stringify(touched)};
      await changePlugins(touched, { change: "install", now: () => { ${at === "kept" ? "die();" : ""} return 5; }, reinstall: async () => {}, recovered: () => {} }, async () => {
        ${at === "pending" ? "die();" : ""}
        writeFileSync(join(touched.rootDir, "package.json"), "new");
        ${at === "half" ? "die();" : ""}
        writeFileSync(join(touched.rootDir, "mlstack.lock"), "new");
        ${at === "written" ? "die();" : ""}
      });`;
    const child = spawn(process.execPath, ["--experimental-strip-types", "--no-warnings", "--input-type=module-typescript", "-e", script], { stdio: ["ignore", "ignore", "inherit"] });
    const signal = await new Promise<string | null>((done) => { child.once("exit", (_, s) => { done(s); }); });
    expect(signal).toBe(at === "never" ? null : "SIGKILL");
    const recovered = await recoverPlugins(touched, asked());
    if (at === "kept") expect([generations(touched).list(), pendingChange(touched.stateDir)]).toEqual([[], undefined]);
    expect([recovered, state()]).toEqual(at === "never" ? [undefined, { manifest: "new", theirs: "1", ours: "new" }] : [at === "kept" ? undefined : "install", before]);
  }, 30_000);
});

describe("files of an interrupted change", () => {
  /** As a killed process leaves it, whose package manager was cut short. */
  const interrupted = (files: readonly string[] = touched.files): void => {
    generations(touched).keep({ ...touched, files }, 1, "install", 1);
    writeFileSync(join(touched.stateDir, "hub", "pending.json"), JSON.stringify({ generation: 1, kept: true, change: "install", project: "." }));
    writeFileSync(file("package.json"), "");
  };

  test("are put back before anything is read of the project, and what is installed follows", async () => {
    const before = state();
    interrupted();
    const calls: string[] = [];
    await putFilesBack(touched, { quiet: async () => { calls.push(`quiet ${JSON.stringify(text("package.json"))}`); } });
    expect([state(), calls, pendingChange(touched.stateDir)]).toEqual([before, ['quiet ""'], { generation: 1, kept: true, putBack: true, change: "install", project: "." }]);
    const options = asked();
    await expect(recoverPlugins(touched, options)).resolves.toBe("install");
    expect([state(), options.calls, pendingChange(touched.stateDir)]).toEqual([before, [`reinstall ${JSON.stringify(before)}`], undefined]);
  });

  test("stay as they are where they were put back already: what was edited since is its user's", async () => {
    interrupted();
    await putFilesBack(touched, {});
    writeFileSync(file("package.json"), '{"edited":true}');
    await putFilesBack(touched, {});
    expect(text("package.json")).toBe('{"edited":true}');
  });

  test.each(["../../.bashrc", "src/package.json", "/etc/passwd", "..\\package.json"])("lead nowhere else, whatever a state folder says: %s", async (name) => {
    interrupted([...touched.files, name]);
    await expect(putFilesBack(touched, {})).rejects.toMatchObject({ code: "MLS8501", why: `it holds ${name}, which is no file of this project` });
    expect(text("package.json")).toBe("");
  });

  test("are not touched while the change goes on, nor where there is none", async () => {
    await putFilesBack(touched, {});
    await changePlugins(touched, asked(), async () => {
      await install("1.0.0")();
      await expect(putFilesBack(touched, {})).rejects.toMatchObject({ code: "MLS8502" });
    });
    expect(text("mlstack.lock")).toBe("1.0.0");
  }, 30_000);
});

describe("packages of a workspace", () => {
  const of = (name: string): TouchedFiles => ({ ...touched, project: `packages/${name}`, files: [`packages/${name}/package.json`, "package-lock.json", `packages/${name}/mlstack.lock`], modulesDir: file(`packages/${name}/node_modules`) });
  const root = '{ "workspaces": ["packages/*"] }';
  const all = () => ["package.json", "package-lock.json", "packages/a/package.json", "packages/a/mlstack.lock", "packages/b/package.json", "packages/b/mlstack.lock"].map(text);
  const write = (name: string) => async () => {
    writeFileSync(file(`packages/${name}/package.json`), "changed");
    writeFileSync(file("package-lock.json"), `with ${name}`);
    writeFileSync(file(`packages/${name}/mlstack.lock`), "changed");
  };
  const place = (name: string) => changePlace(file(name), (folder) => join(folder, ".mlstack"));
  beforeEach(() => {
    for (const name of ["a", "b"]) {
      mkdirSync(file(`packages/${name}`), { recursive: true });
      writeFileSync(file(`packages/${name}/package.json`), `{ "name": "${name}" }`);
    }
    writeFileSync(file("package.json"), root);
  });

  test("have one place for their changes, that of the root; what is none of them has its own", async () => {
    mkdirSync(file("elsewhere/c"), { recursive: true });
    const own = realpathSync.native(dir);
    expect(await Promise.all(["packages/a", "packages/b", ".", "elsewhere/c"].map(place))).toEqual([...[1, 2, 3].map(() => ({ rootDir: own, stateDir: expect.stringMatching(/mlstack-hub-[^/\\]*[/\\]\.mlstack$/) as string })), { rootDir: join(own, "elsewhere", "c"), stateDir: file("elsewhere/c/.mlstack") }]);
  });

  test("take turns: one waits for the other's change, and says where that is made", async () => {
    await changePlugins(of("a"), asked(), async () => {
      await expect(changePlugins(of("b"), asked("upgrade"), write("b"))).rejects.toMatchObject({ code: "MLS8502", why: "install s3@1.0.0 (in packages/a)" });
    });
    await changePlugins(of("b"), asked("upgrade"), write("b"));
  });

  test.each([["packages/b", "b"], ["the root", undefined]])("an interrupted change of one is taken back by the next command in %s, in all files that it has touched", async (_, by) => {
    await changePlugins(of("b"), asked(), write("b"));
    const before = all();
    const known = generations(touched);
    known.keep(of("a"), 2, "install", 2);
    writeFileSync(join(touched.stateDir, "hub", "pending.json"), JSON.stringify({ generation: 2, kept: true, change: "install", project: "packages/a" }));
    await write("a")();
    const told: unknown[] = [];
    const options = { ...asked("upgrade"), reinstall: async (to: Generation) => { told.push([to.project, all()]); }, recovered: (what: string) => { told.push(what); } };
    await changePlugins(by === undefined ? touched : of(by), options, async () => { told.push(all()); });
    expect([told, known.list().map(({ id, project }) => [id, project])]).toEqual([[["packages/a", before], "install (in packages/a)", before], [[1, "packages/b"]]]);
  });

  test("are known where the root's package.json was cut short by a killed manager: its kept text says which they are", async () => {
    generations(touched).keep(touched, 1, "install", 1);
    writeFileSync(join(touched.stateDir, "hub", "pending.json"), JSON.stringify({ generation: 1, kept: true, change: "install", project: "." }));
    writeFileSync(file("package.json"), '{ "works');
    const found = await place("packages/a");
    expect(found.rootDir).toBe(realpathSync.native(dir));
    await putFilesBack(found, {});
    expect(text("package.json")).toBe(root);
  });

  test("whose folder is gone does not hold the others up", async () => {
    generations(touched).keep(of("a"), 1, "install", 1);
    writeFileSync(join(touched.stateDir, "hub", "pending.json"), JSON.stringify({ generation: 1, kept: true, change: "install", project: "packages/a" }));
    rmSync(file("packages/a"), { recursive: true });
    await changePlugins(of("b"), asked(), write("b"));
    expect([text("packages/b/package.json"), readdirSync(file("packages"))]).toEqual(["changed", ["b"]]);
  });

  test("keep as many changes each as can be taken back", async () => {
    await changePlugins(of("a"), asked(), write("a"));
    for (let i = 0; i < KEPT + 1; i++) await changePlugins(of("b"), asked(), async () => { writeFileSync(file("packages/b/mlstack.lock"), String(i)); });
    const projects = generations(touched).list().map(({ project }) => project);
    expect([projects.filter((each) => each === "packages/a").length, projects.filter((each) => each === "packages/b").length]).toEqual([1, KEPT]);
  });

  test.each(["packages/../..", "../a", "packages/a/../../..", "/etc", "packages\\..\\.."])("lead nowhere else, whatever a state folder says: %s", (project) => {
    const known = generations(touched);
    const kept = known.keep({ ...touched, project, files: [`${project}/package.json`] }, 1, "install", 1);
    expect(() => { known.restore(kept); }).toThrow(expect.objectContaining({ code: "MLS8501" }) as Error);
  });
});

describe("generations", () => {
  test("are as many as can be taken back, and go on counting", () => {
    const known = generations(touched);
    for (let i = 1; i <= KEPT + 3; i++) known.keep(touched, known.next(), `change ${i}`, i);
    known.prune(touched.project);
    expect(known.list().map((g) => g.id)).toEqual(Array.from({ length: KEPT }, (_, i) => KEPT + 3 - i));
  });

  test("whose copies were changed are refused, and nothing is written", () => {
    const known = generations(touched);
    const kept = known.keep(touched, 1, "install", 1);
    const folder = join(touched.stateDir, "hub", "generations", "000001");
    writeFileSync(join(folder, readdirSync(folder).find((n) => n !== "generation.json" && readFileSync(join(folder, n), "utf8") === "1")!), "2");
    writeFileSync(file("package.json"), "new");
    expect(() => { known.restore(kept); }).toThrow(expect.objectContaining({ code: "MLS8501", why: "its copy of package-lock.json was changed" }) as Error);
    expect(text("package.json")).toBe("new");
  });

  test("that can't be read are no place to go back to", () => {
    const known = generations(touched);
    known.keep(touched, 1, "install", 1);
    writeFileSync(join(touched.stateDir, "hub", "generations", "000001", "generation.json"), "{");
    expect(known.list()).toEqual([]);
    expect(known.next()).toBe(2);
  });

  test("bring back any bytes", () => {
    fc.assert(fc.property(fc.array(fc.option(fc.uint8Array(), { nil: undefined }), { minLength: 3, maxLength: 3 }), fc.uint8Array(), (contents, other) => {
      const paths = touched.files.map(file);
      for (const [i, bytes] of contents.entries()) if (bytes === undefined) rmSync(paths[i]!, { force: true }); else writeFileSync(paths[i]!, bytes);
      const kept = generations(touched).keep(touched, generations(touched).next(), "x", 1);
      for (const path of paths) writeFileSync(path, other);
      generations(touched).restore(kept);
      expect(paths.map((p) => { try { return new Uint8Array(readFileSync(p)); } catch { return undefined; } })).toEqual(contents);
    }), { numRuns: 40 });
  });
});
