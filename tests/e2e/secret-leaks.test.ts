import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { acmeProject } from "./testing/acme-project.ts";
import { type Outcome, type TestProject } from "./testing/project.ts";

/** What must be nowhere but in the environment and in components. */
const CANARY = "canary&41b7'do-not-keep";

/** Components that tell what they know, as clients of services do: in errors, addresses, findings and what they print. */
const PLUGIN = `import { appendFileSync } from "node:fs";
import { component, definePlugin, secret } from "@mlstack/core";
import builtIn from "@mlstack/engine/plugin";
import { z } from "zod";
const local = builtIn.components.find((c) => c.contract === "artifact_store@1" && c.flavor === "local");
const config = z.strictObject({ token: secret(z.string().min(1)), fail: z.string().default("") });
export default definePlugin({
  name: "acme-plugin",
  components: [
    component({ type: "artifact_store", version: 1, flavor: "acme", description: "a store behind a token", config: config.extend({ path: z.string() }), local: { unless: "path" },
      async create({ path, token, fail }, context) {
        const store = await local.create(local.config.parse({ path }), context);
        const refuse = (what) => { if (process.env.ACME_CALLED) appendFileSync(process.env.ACME_CALLED, what + "\\n"); if (fail === what || (process.env.ACME_FAIL ?? "") === what) throw new Error("403 for Bearer " + token); };
        return { ...store,
          get(key, options) { refuse("get"); return store.get(key, options); }, stat(key, options) { refuse("stat"); return store.stat(key, options); },
          list(prefix, options) { refuse("list"); return store.list(prefix, options); },
          check: async () => [{ name: "reach", ok: false, message: "403 for Bearer " + token }] };
      } }),
    component({ type: "experiment_tracker", version: 1, flavor: "acme", description: "a tracker behind a token", config,
      create({ token, fail }) {
        return { contract: "experiment_tracker@1", writers: "one",
          async startRun() { return { externalId: "id-of-run", url: "https://me:" + encodeURIComponent(token) + "@tracker.example.com/run" }; },
          async log() { console.error("log: Basic " + Buffer.from("user:" + token).toString("base64")); if (fail === "log") throw new Error("401 for " + token); return { refused: [] }; },
          async finishRun() { if (fail !== "") throw new Error("401 for " + token); } };
      } }),
  ],
});
`;
const PIPELINE = `import { json, pipeline, step } from "mlstack";
import { z } from "zod";
const printed = () => JSON.stringify(process.env);
export const ask = step({ name: "ask", params: { how: z.string() }, output: json(z.string()), run: async ({ params, log, tracker }) => {
  const { VAULT_TOKEN = "none" } = process.env;
  tracker.logMetric("n", 1);
  // the whole environment, as people print it
  console.log(process.env);
  console.log(printed());
  console.log("curl -u user:" + VAULT_TOKEN + " or Basic " + Buffer.from("user:" + VAULT_TOKEN).toString("base64"));
  console.log(new URLSearchParams({ token: VAULT_TOKEN }).toString());
  if (params.how === "timer") { setTimeout(() => { throw new Error("in a timer, " + VAULT_TOKEN); }, 1); await new Promise(() => setInterval(() => {}, 1000)); }
  if (params.how === "throw") throw Object.assign(new Error("401 " + VAULT_TOKEN), { request: { headers: { authorization: VAULT_TOKEN } } });
  return "done";
} });
export const asks = pipeline({ name: "asks", params: { how: z.string().default("print") }, build: (p) => ({ x: ask({ how: p.how }) }) });
`;

let p: TestProject;
beforeAll(async () => {
  p = await acmeProject(PLUGIN, PIPELINE);
  const orchestrators = { inline: "type: local, configuration: { isolation: inline }", workers: "type: local, configuration: { isolation: process }", away: `type: process, configuration: { work_dir: ${join(p.dir, "work")}, keep_folders: true }` };
  for (const [name, orchestrator] of Object.entries(orchestrators)) {
    p.write(`stacks/${name}.yaml`, `components:
  artifact_store: { type: acme, name: s, configuration: { path: ${join(p.dir, "bucket")}, token: "\${env:VAULT_TOKEN}" } }
  orchestrator: { ${orchestrator} }
  experiment_tracker: { type: acme, name: t, configuration: { token: "\${env:VAULT_TOKEN}", fail: log } }
`);
  }
});
afterAll(() => { p.close(); });

const printed: (readonly [string, string])[] = [];
async function mlstack(args: readonly string[], env: Record<string, string> = {}): Promise<Outcome> {
  const outcome = await p.mlstack(args, { env: { VAULT_TOKEN: CANARY, ...env } });
  printed.push([args.join(" "), outcome.stdout], [args.join(" "), outcome.stderr]);
  return outcome;
}

const forms = [CANARY, JSON.stringify(CANARY).slice(1, -1), encodeURIComponent(CANARY), encodeURIComponent(CANARY).replaceAll("'", "%27"), Buffer.from(CANARY).toString("base64"), Buffer.from(`user:${CANARY}`).toString("base64").slice(8), "do-not-keep"];
const holds = (text: string): string[] => text.split("\n").filter((line) => forms.some((form) => line.includes(form)));

/** Lines of files that tell the secret. */
function kept(): string[] {
  return readdirSync(p.dir, { withFileTypes: true, recursive: true }).filter((e) => e.isFile() && !e.parentPath.includes("node_modules")).map((e) => join(e.parentPath, e.name)).flatMap((file) => holds(readFileSync(file, "latin1")).map((line) => `${file.slice(p.dir.length)}: ${line.slice(0, 300)}`));
}
const told = (): string[] => printed.splice(0).flatMap(([command, text]) => holds(text).map((line) => `${command}: ${line.slice(0, 300)}`));

describe.each(["inline", "workers", "away"])("on the stack %s", (stack) => {
  test.each(["print", "throw", "timer"])("a step that does %s", async (how) => {
    if (stack === "inline" && how === "timer") return;
    await mlstack(["run", "pipeline.mjs", "--stack", stack, "-p", `how=${how}`, "--refresh", "--debug"]);
    await Promise.all([["run", "show", "last", "--json"], ["run", "show", "last", "-v"], ["run", "logs", "last"], ["run", "logs", "last", "--json"]].map((args) => mlstack(args)));
    expect([told(), kept()]).toEqual([[], []]);
  }, 120_000);
});

test.each(["print", "throw", "timer"])("a step with a driver elsewhere that does %s", async (how) => {
  const { stdout } = await mlstack(["run", "pipeline.mjs", "--stack", "away", "--detach", "-p", `how=${how}`, "--refresh"]);
  await mlstack(["run", "attach", stdout.trim()]);
  await mlstack(["run", "logs", "last"]);
  await mlstack(["run", "show", "last", "--json"]);
  expect([told(), kept()]).toEqual([[], []]);
}, 120_000);

/** What of the store a command calls is written by it. */
const CALLED = "called.txt";
const COMMANDS = [
  ["artifact", "preview", "last/ask"], ["gc", "--plan"], ["gc", "--yes"], ["cache", "list"], ["cache", "evict", "last/ask", "--yes"], ["run", "pipeline.mjs", "--explain"], ["run", "show", "last"], ["lineage", "last/ask"], ["why", "last/ask"],
  ["debug", "last/ask", "--no-wait"], ["artifact", "show", "last/ask"], ["run", "pipeline.mjs"],
];
test("commands whose store fails", async () => {
  await mlstack(["run", "pipeline.mjs", "--stack", "workers"]);
  const failed = new Set<string>();
  for (const args of COMMANDS) {
    const bothWays = (env: Record<string, string>): Promise<unknown> => Promise.all([["--json"], ["--debug", "-v"]].map((more) => mlstack([...args, "--stack", "workers", ...more], env)));
    p.write(CALLED, "");
    await bothWays({ ACME_CALLED: join(p.dir, CALLED) });
    // what a command never calls can't fail in it
    for (const fail of new Set(readFileSync(join(p.dir, CALLED), "utf8").split("\n").filter((line) => line !== ""))) {
      failed.add(fail);
      await bothWays({ ACME_FAIL: fail });
    }
  }
  expect([...failed].toSorted()).toEqual(["get", "list", "stat"]);
  for (const more of [[], ["--json"], ["--plain"]]) await mlstack(["stack", "verify", "workers", ...more]);
  expect([told(), kept()]).toEqual([[], []]);
}, 400_000);
