import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { documentOf } from "./testing/documents.ts";
import { BIN, cleanEnv, testProject, type Outcome, type TestProject } from "./testing/project.ts";
import { onTerminal } from "./testing/pty.ts";

let p: TestProject;
beforeAll(() => { p = testProject({}); });
afterAll(() => { p.close(); });

const envOf = (env: Record<string, string>) => ({ XDG_CONFIG_HOME: join(p.dir, "config"), APPDATA: join(p.dir, "config"), NO_COLOR: "1", ...env });
const mlstack = (args: readonly string[], env: Record<string, string> = {}) => p.mlstack(args, { env: envOf(env) });

/** The CLI with something on its stdin. */
function fed(args: readonly string[], input: string | Uint8Array): Promise<Outcome> {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [BIN, ...args], { cwd: p.dir, env: { ...cleanEnv(), ...envOf({}) } });
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => { stdout += text; });
    child.stderr.setEncoding("utf8").on("data", (text: string) => { stderr += text; });
    child.once("error", fail);
    child.once("close", (code, signal) => done({ code, signal, stdout, stderr }));
    child.stdin.end(input);
  });
}

describe("mlstack secret", () => {
  test("set from stdin without its last line break, list, delete; and nothing shows a value", async () => {
    const set = await fed(["secret", "set", "db-password", "--json"], "hunter-and-more\n");
    expect(set.code, set.stderr).toBe(0);
    expect(documentOf("secret-set", set)["data"]).toEqual({ secret: "db-password", store: "file", flavor: "file", replaced: false });
    expect((await fed(["secret", "set", "db-password"], "hunter-and-more")).stderr).toContain("replaced db-password");
    const list = await mlstack(["secret", "list", "--json"]);
    expect(documentOf("secret-list", list)["data"]).toEqual([{ secret: "db-password", store: "file", flavor: "file", changedAt: expect.any(String) as string }]);
    expect((await mlstack(["secret", "list"])).stdout).toMatch(/^SECRET +STORE +CHANGED\ndb-password +file +/);
    expect(await mlstack(["secret", "delete", "db-password", "-n"])).toMatchObject({ code: 0, stdout: "", stderr: "would delete db-password from the store file (file); nothing was changed\n" });
    expect(documentOf("secret-delete", await mlstack(["secret", "delete", "db-password", "--dry-run", "--json"]))["data"]).toMatchObject({ done: false });
    expect((await mlstack(["secret", "delete", "db-pasword", "--dry-run"])).code).toBe(2);
    expect((await mlstack(["secret", "delete", "db-password"])).stderr).toContain("fix   add --yes");
    expect((await mlstack(["secret", "delete", "db-pasword", "--yes"])).stderr).toContain("fix   mlstack secret delete db-password");
    expect(documentOf("secret-delete", await mlstack(["secret", "delete", "db-password", "--yes", "--json"]))["data"]).toEqual({ secret: "db-password", store: "file", flavor: "file", done: true });
    const none = await mlstack(["secret", "list"]);
    expect([none.stdout, none.stderr]).toEqual(["", "no secrets; mlstack secret set NAME\n"]);
    for (const file of readdirSync(p.dir, { recursive: true, withFileTypes: true }).filter((e) => e.isFile() && !e.parentPath.includes("node_modules"))) expect(readFileSync(join(file.parentPath, file.name)).includes("hunter-and-more")).toBe(false);
    // git is told to leave it out
    expect(existsSync(join(p.dir, ".mlstack", ".gitignore"))).toBe(true);
  });

  test("a value as an argument is refused, and not told again", async () => {
    const { code, stdout, stderr } = await mlstack(["secret", "set", "token", "hunter-two-as-argument"]);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(/^error MLS7001[^]*why[^]*\n {2}fix   printf %s "\$VALUE" \| mlstack secret set token\n$/);
    expect(stderr).not.toContain("hunter-two");
    expect((await mlstack(["secret", "set", "token", "--value", "x"])).code).toBe(2);
  });

  test.each([
    ["an empty value", ["secret", "set", "x"], "", "MLS8004"], ["bytes that are no text", ["secret", "set", "x"], new Uint8Array([0xff, 0xfe, 0x00]), "MLS8004"], ["a name", ["secret", "set", "No Name"], "v", "MLS8004"],
    ["a file that is not there", ["secret", "set", "x", "--from-file", "nope"], "", "MLS7002"], ["nothing to delete", ["secret", "delete", "x", "--yes"], "", "MLS8003"],
  ] as const)("%s is refused", async (_, args, input, code) => {
    const { code: exit, stderr } = await fed(args, input);
    expect([exit, stderr]).toEqual([2, expect.stringMatching(new RegExp(`^error ${code}[^]*\n {2}fix   .+\n$`))]);
  });

  test("variables go before the file, and are said to", async () => {
    await fed(["secret", "set", "both"], "in-the-file");
    const shadowed = await mlstack(["secret", "set", "both", "--from-file", "package.json"], { MLSTACK_SECRET_BOTH: "in-the-variable" });
    expect(shadowed.stderr).toContain('warning  "both" is found in the store variables (env) before this one, and that value is used');
    expect((await mlstack(["secret", "list", "--plain"], { MLSTACK_SECRET_BOTH: "in-the-variable" })).stdout.split("\n").filter((l) => l.startsWith("both\t"))).toHaveLength(2);
    p.write("stacks/env.yaml", "components:\n  artifact_store: { type: local }\n  orchestrator: { type: local }\n  secret_store: { type: env, name: ci, configuration: { prefix: CI_ } }\n");
    expect((await mlstack(["secret", "set", "both", "--from-file", "package.json", "--stack", "env"])).stderr).toContain('error MLS8004  the secret store "ci" (env) can\'t be written to from here');
    expect((await mlstack(["secret", "list", "--plain", "--stack", "env"], { CI_A: "1" })).stdout).toBe("a\tci (env)\t\n");
  });

  test("terminals that set at the same time lose nothing", async () => {
    const names = Array.from({ length: 6 }, (_, i) => `at-once-${i}`);
    for (const { code, stderr } of await Promise.all(names.map((name) => fed(["secret", "set", name], `value of ${name}`)))) expect(code, stderr).toBe(0);
    const listed = (documentOf("secret-list", await mlstack(["secret", "list", "--json"]))["data"] as { secret: string }[]).map((s) => s.secret);
    expect(listed.filter((name) => name.startsWith("at-once"))).toEqual(names);
  }, 120_000);
});

describe("at a terminal", () => {
  const start = (args: readonly string[]) => onTerminal([process.execPath, BIN, ...args], p.dir, { ...cleanEnv(), ...envOf({}) });

  test("a value is asked for, and not shown; a slip of the hand can be taken back", async () => {
    const t = start(["secret", "set", "typed"]);
    await t.shows("value of typed");
    t.type("hunter-typex\x7fd-value\r");
    expect((await t.ended).code).toBe(0);
    expect(t.screen()).not.toContain("hunter");
    expect(t.screen()).toContain("set typed");
  }, 60_000);

  test("Ctrl-C keeps nothing", async () => {
    const t = start(["secret", "set", "given-up"]);
    await t.shows("value of given-up");
    t.type("hunter\x03");
    expect((await t.ended).code).toBe(130);
    expect((await mlstack(["secret", "list", "--plain"])).stdout).not.toContain("given-up");
  }, 60_000);

  test("with --no-input nothing is asked, and it is said what to give", async () => {
    await fed(["secret", "set", "stays"], "v");
    for (const [args, fix] of [[["secret", "delete", "stays"], "add --yes"], [["secret", "set", "stays"], 'printf %s "$VALUE" | mlstack secret set stays, or --from-file FILE']] as const) {
      const t = start([...args, "--no-input"]);
      expect((await t.ended).code).toBe(2);
      expect(t.screen()).toContain(fix);
      expect(t.screen()).not.toMatch(/\[y\/N\]|not shown/);
    }
    expect((await mlstack(["secret", "list", "--plain"])).stdout).toContain("stays\t");
  }, 60_000);

  test("delete asks, and no is no", async () => {
    await fed(["secret", "set", "to-go"], "v");
    const no = start(["secret", "delete", "to-go"]);
    await no.shows("[y/N]");
    no.type("\r");
    expect((await no.ended).code).toBe(130);
    const yes = start(["secret", "delete", "to-go"]);
    await yes.shows("[y/N]");
    yes.type("y\r");
    expect((await yes.ended).code).toBe(0);
    expect((await mlstack(["secret", "list", "--plain"])).stdout).not.toContain("to-go");
  }, 60_000);
});
