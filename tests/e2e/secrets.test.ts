import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { acmeProject } from "./testing/acme-project.ts";
import { jsonOf, type Outcome, type TestProject } from "./testing/project.ts";

/** What must be nowhere but in the environment and in the component. */
const CANARY = "canary-7f3a9c-do-not-keep";
const digest = createHash("sha256").update(CANARY).digest("hex");

const PLUGIN = `import { component, definePlugin, secret } from "@mlstack/core";
import { createHash } from "node:crypto";
import { writeSync } from "node:fs";
import { z } from "zod";
export default definePlugin({
  name: "acme-plugin",
  contracts: [{ type: "acme.vault", accepts: [1], stability: "experimental" }],
  components: [component({
    type: "acme.vault", version: 1, flavor: "acme", description: "Knows a secret", config: z.strictObject({ url: z.string(), login: z.strictObject({ token: secret(z.string().min(1)) }), refuse: z.boolean().default(false) }),
    create({ login, refuse, url }) {
      if (refuse) throw new Error("401 Unauthorized: Bearer " + login.token);
      return {
        contract: "acme.vault@1", url, digest: () => createHash("sha256").update(login.token).digest("hex"),
        // as clients of services do, which print and fail with the whole request
        leak() {
          console.log("request: Authorization: Bearer " + login.token);
          console.error(JSON.stringify({ url: "https://x/?token=" + encodeURIComponent(login.token) }));
          // past Node's streams, in a worker, whose driver hears of it
          if (process.send !== undefined) writeSync(2, "native: " + login.token + "\\n");
          throw new Error("401 for Bearer " + login.token, { cause: new TypeError("of " + login.token) });
        },
      };
    },
  })],
});
`;
const PIPELINE = `import { json, pipeline, step } from "mlstack";
import { z } from "zod";
export const ask = step({ name: "ask", params: { fail: z.boolean() }, requires: { "acme.vault": true }, output: json(z.string()), run: (context) => {
  context.log("asked");
  // what the environment of a step has is seen by whatever it starts
  if (Object.keys(process.env).some((name) => name === "MLSTACK_STEP_SECRETS")) throw new Error("secrets are left in the environment");
  if (context.params.fail) context["acme.vault"].leak();
  return context["acme.vault"].digest();
} });
export const reach = step({ name: "reach", uses: { "acme.vault": { cache: "by-component" } }, output: json(z.string()), run: (context) => { context.log("reached " + context["acme.vault"].url); return "there"; } });
export const reaches = pipeline({ name: "reaches", build: () => ({ x: reach({}) }) });
export const asks = pipeline({ name: "asks", params: { fail: z.boolean().default(false) }, build: (p) => ({ x: ask({ fail: p.fail }) }) });
`;

let p: TestProject;
const stackFile = (orchestrator: string, vault: string) => `components:
  artifact_store: { type: local, name: s, configuration: { path: ${join(p.dir, "bucket")} } }
  orchestrator: { ${orchestrator} }
  acme.vault: { type: acme, name: vault, configuration: { url: "https://vault.example.com", ${vault} } }
`;
beforeAll(async () => {
  p = await acmeProject(PLUGIN, PIPELINE);
  const ref = 'login: { token: "${env:VAULT_TOKEN}" }';
  p.write("stacks/inline.yaml", stackFile("type: local, configuration: { isolation: inline }", ref));
  p.write("stacks/workers.yaml", stackFile("type: local", ref));
  // the folders of steps are kept: what was written for a step can be looked at
  p.write("stacks/away.yaml", stackFile(`type: process, configuration: { work_dir: ${join(p.dir, "work")}, keep_folders: true }`, ref));
  p.write("stacks/refused.yaml", stackFile("type: local, configuration: { isolation: inline }", `${ref}, refuse: true`));
  p.write("stacks/text.yaml", stackFile("type: local", `login: { token: ${CANARY} }`));
  const kept = 'login: { token: "${secret:vault/token}" }';
  p.write("stacks/kept-inline.yaml", stackFile("type: local, configuration: { isolation: inline }", kept));
  p.write("stacks/kept-workers.yaml", stackFile("type: local", kept));
  p.write("stacks/kept-away.yaml", stackFile(`type: process, configuration: { work_dir: ${join(p.dir, "work")}, keep_folders: true }`, kept));
  p.write("stacks/later.yaml", stackFile("type: local", 'login: { token: "${secret:absent}" }'));
  for (const [name, orchestrator] of [["setting", "type: local"], ["setting-away", "type: process"]] as const) p.write(`stacks/${name}.yaml`, stackFile(orchestrator, ref).replace("https://vault.example.com", "${env:VAULT_URL}"));
  p.write("stacks/hidden-setting.yaml", stackFile("type: local", ref).replace("https://vault.example.com", "${secret:vault/url}"));
});
afterAll(() => { p.close(); });

const printed: string[] = [];
async function mlstack(args: readonly string[], env: Record<string, string> = { VAULT_TOKEN: CANARY }): Promise<Outcome> {
  const outcome = await p.mlstack(args, { env: { XDG_CONFIG_HOME: join(p.dir, "config"), APPDATA: join(p.dir, "config"), ...env } });
  printed.push(outcome.stdout, outcome.stderr);
  return outcome;
}

/** Every file below a folder that holds the secret in some form; links are not followed. */
function holding(dir: string): string[] {
  const forms = [CANARY, Buffer.from(CANARY).toString("base64"), Buffer.from(CANARY).toString("hex")];
  return readdirSync(dir, { withFileTypes: true, recursive: true }).filter((e) => e.isFile() && !e.parentPath.includes("node_modules")).map((e) => join(e.parentPath, e.name)).filter((file) => { const bytes = readFileSync(file); return forms.some((form) => bytes.includes(form)); });
}

/** What a step printed, and what it failed with, in all the places where that is told. */
async function leaks(stack: string, env?: Record<string, string>): Promise<void> {
  const failed = await mlstack(["run", "pipeline.mjs#asks", "--stack", stack, "-p", "fail=true", "--debug"], env);
  expect([failed.code, failed.stderr]).toEqual([1, expect.stringContaining("401 for Bearer [secret]")]);
  const logs = await mlstack(["run", "logs", "last"], {});
  expect(logs.stdout).toContain("request: Authorization: Bearer [secret]");
  if (stack.includes("workers")) expect(logs.stdout).toContain("native: [secret]");
  for (const args of [["run", "show", "last", "--json"], ["run", "show", "last"], ["run", "logs", "last", "--json"], ["why", "last/ask", "--json"], ["run", "list", "--json"], ["run", "pipeline.mjs#asks", "--stack", stack, "-p", "fail=true", "--json"]]) await mlstack(args, env);
}

describe("a secret is a reference, and a value in the component alone", () => {
  test.each(["kept-inline", "kept-workers", "kept-away"])("of the project's encrypted secrets, on the stack %s", async (stack) => {
    p.write("value.txt", CANARY);
    const set = await mlstack(["secret", "set", "vault/token", "--from-file", "value.txt"], {});
    expect(set.code, set.stderr).toBe(0);
    p.remove("value.txt");
    const { code, stderr } = await mlstack(["run", "pipeline.mjs#asks", "--stack", stack, "-v", "--refresh"], {});
    expect(code, stderr).toBe(0);
    expect((jsonOf(await mlstack(["artifact", "preview", "last/ask", "--json"], {})).data["preview"] as { text: string }).text).toContain(digest);
    const shown = jsonOf(await mlstack(["run", "show", "last", "--json"], {})).data as { stack: { components: Record<string, { config: unknown }> } };
    expect(shown.stack.components["acme.vault"]!.config).toEqual({ url: "https://vault.example.com", login: { token: "${secret:vault/token}" } });
    await leaks(stack, {});
  }, 240_000);

  test("of the project's encrypted secrets, in a step that is run again by debug", async () => {
    const { code, stderr } = await mlstack(["debug", "last/ask", "--no-wait", "--with-effects"], {});
    // the last run failed by what the step prints: so does it here
    expect([code, stderr], stderr).toEqual([1, expect.stringContaining("401 for Bearer [secret]")]);
  });

  test("of the project's encrypted secrets, with a driver elsewhere", async () => {
    const { code, stdout, stderr } = await mlstack(["run", "pipeline.mjs#asks", "--stack", "kept-away", "--detach", "--refresh"], {});
    expect(code, stderr).toBe(0);
    const attached = await mlstack(["run", "attach", stdout.trim()], {});
    expect(attached.code, attached.stderr).toBe(0);
    expect((jsonOf(await mlstack(["artifact", "preview", `${stdout.trim()}/ask`, "--json"], {})).data["preview"] as { text: string }).text).toContain(digest);
  });

  test.each(["inline", "workers", "away"])("on the stack %s", async (stack) => {
    const { code, stderr } = await mlstack(["run", "pipeline.mjs#asks", "--stack", stack, "-v"]);
    expect(code, stderr).toBe(0);
    expect((jsonOf(await mlstack(["artifact", "preview", "last/ask", "--json"])).data["preview"] as { text: string }).text).toContain(digest);
    const shown = jsonOf(await mlstack(["run", "show", "last", "--json"])).data as { stack: { components: Record<string, { config: unknown }> } };
    expect(shown.stack.components["acme.vault"]!.config).toEqual({ url: "https://vault.example.com", login: { token: "${env:VAULT_TOKEN}" } });
    await leaks(stack);
  }, 240_000);

  test("with a driver elsewhere", async () => {
    const { code, stdout, stderr } = await mlstack(["run", "pipeline.mjs#asks", "--stack", "away", "--detach", "--refresh"]);
    expect(code, stderr).toBe(0);
    const attached = await mlstack(["run", "attach", stdout.trim()]);
    expect(attached.code, attached.stderr).toBe(0);
    expect((jsonOf(await mlstack(["artifact", "preview", `${stdout.trim()}/ask`, "--json"])).data["preview"] as { text: string }).text).toContain(digest);
  });

  test("what a component says of it when it fails is told without it", async () => {
    const { code, stderr } = await mlstack(["run", "pipeline.mjs#asks", "--stack", "refused", "--debug", "-v"]);
    expect([code, stderr]).toEqual([1, expect.stringContaining("401 Unauthorized: Bearer [secret]")]);
  });

  test("it is in no file, and was printed nowhere", () => {
    // the one file that holds it is the one that is refused below
    expect(holding(p.dir)).toEqual([join(p.dir, "stacks", "text.yaml")]);
    expect(printed.length).toBeGreaterThan(10);
    expect(printed.filter((text) => text.includes(CANARY))).toEqual([]);
  });
});

describe("a reference in a field that is no secret", () => {
  const reached = async (stack: string, env: Record<string, string>) => {
    const { code, stderr } = await mlstack(["run", "pipeline.mjs#reaches", "--stack", stack], { VAULT_TOKEN: CANARY, ...env });
    expect(code, stderr).toBe(0);
    const { stack: { components }, steps } = jsonOf(await mlstack(["run", "show", "last", "--json"], {})).data as { stack: { components: Record<string, { config: unknown }> }; steps: { status: string }[] };
    return [components["acme.vault"]!.config, steps[0]!.status, (await mlstack(["run", "logs", "last"], {})).stdout.trim().split(" ").at(-1)];
  };

  test("by a variable is kept as the value that was used, and is a part of what is cached by component", async () => {
    const config = (url: string) => ({ url, login: { token: "${env:VAULT_TOKEN}" } });
    expect(await reached("setting", { VAULT_URL: "https://one" })).toEqual([config("https://one"), "completed", "https://one"]);
    expect(await reached("setting", { VAULT_URL: "https://two" })).toEqual([config("https://two"), "completed", "https://two"]);
    expect((await reached("setting", { VAULT_URL: "https://one" })).slice(0, 2)).toEqual([config("https://one"), "cached"]);
    // also where the variable is not, and with the same key there
    expect((await reached("setting-away", { VAULT_URL: "https://two" })).slice(0, 2)).toEqual([config("https://two"), "cached"]);
    expect(await reached("setting-away", { VAULT_URL: "https://three" })).toEqual([config("https://three"), "completed", "https://three"]);
  }, 120_000);

  test("by a secret's name is a secret", async () => {
    p.write("value.txt", "https://hidden-url.example.com");
    await mlstack(["secret", "set", "vault/url", "--from-file", "value.txt"], {});
    expect(await reached("hidden-setting", {})).toEqual([{ url: "${secret:vault/url}", login: { token: "${env:VAULT_TOKEN}" } }, "completed", "[secret]"]);
    expect(printed.filter((text) => text.includes("hidden-url"))).toEqual([]);
  }, 60_000);
});

describe("before anything is recorded", () => {
  test("a secret that is damaged, or made for another key, is told apart", async () => {
    const file = join(p.dir, ".mlstack", "secrets", "vault%2Ftoken.json");
    const whole = readFileSync(file, "utf8");
    const refused = async (env: Record<string, string> = {}) => { const { code, stderr } = await mlstack(["run", "pipeline.mjs#asks", "--stack", "kept-inline"], env); return [code, /^error (\S+)/.exec(stderr)?.[1], stderr.trimEnd().split("\n").at(-1)]; };
    p.write(".mlstack/secrets/vault%2Ftoken.json", whole.slice(0, -40));
    expect(await refused()).toEqual([5, "MLS8002", "  fix   set it again: mlstack secret set vault/token"]);
    p.write(".mlstack/secrets/vault%2Ftoken.json", whole);
    const other = await p.mlstack(["secret", "set", "other", "--from-file", "package.json"], { env: { XDG_CONFIG_HOME: join(p.dir, "other"), APPDATA: join(p.dir, "other") } });
    expect(other.code, other.stderr).toBe(0);
    expect(await refused({ MLSTACK_SECRETS_KEY: readFileSync(join(p.dir, "other", "mlstack", "secrets.key"), "utf8") })).toEqual([2, "MLS8001", expect.stringContaining("set it again: mlstack secret set vault/token")]);
    expect(await refused({ XDG_CONFIG_HOME: join(p.dir, "empty"), APPDATA: join(p.dir, "empty") })).toEqual([2, "MLS8001", expect.stringContaining("MLSTACK_SECRETS_KEY")]);
    expect(await refused({ MLSTACK_SECRETS_KEY: readFileSync(join(p.dir, "config", "mlstack", "secrets.key"), "utf8"), XDG_CONFIG_HOME: join(p.dir, "empty"), APPDATA: join(p.dir, "empty") })).toEqual([0, undefined, expect.any(String) as string]);
  });

  test.each([
    ["text", {}, "MLS2008", "write login.token: ${env:ACME_TOKEN}, and set that variable"], ["later", {}, "MLS2010", "mlstack secret set absent"], ["inline", {}, "MLS2010", "export VAULT_TOKEN=…"],
    ["setting", { VAULT_TOKEN: "x-token" }, "MLS2010", "export VAULT_URL=…"],
  ] as const)("%s is refused", async (stack, env, code, fix) => {
    const before = (await mlstack(["run", "list", "--json"])).stdout;
    const { code: exit, stderr } = await mlstack(["run", "pipeline.mjs#asks", "--stack", stack], env);
    expect([exit, stderr.trimEnd().split("\n").at(-1)], stderr).toEqual([2, `  fix   ${fix}`]);
    expect(stderr).toContain(`error ${code}`);
    expect(stderr).not.toContain(CANARY);
    expect((await mlstack(["run", "list", "--json"])).stdout).toBe(before);
  });
});
