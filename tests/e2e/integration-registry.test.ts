import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { hubCli, type HubCli } from "./testing/hub-cli.ts";
import { outbound, type Outbound } from "./testing/outbound.ts";
import { run } from "./testing/project.ts";

const X = "@acme/mlstack-plugin-x";
const ELSEWHERE = "http://elsewhere.invalid/";
let p: HubCli;
let out: Outbound;
beforeEach(async () => {
  p = await hubCli();
  out = await outbound(p.folder);
  Object.assign(p.env, out.env);
  p.server.publish({ name: "@acme/lib", plain: true });
  p.server.publish({ name: X, dependencies: { "@acme/lib": "^1.0.0" } });
});
afterEach(async () => {
  await out.stop();
  await p.close();
});

/** What of the project a verb is tried on, as it stands after those before it. */
interface Step {
  readonly args: readonly string[];
  /** Whether it asks the registry, itself or by npm. */
  readonly asks: boolean;
  readonly before?: () => void;
}
const newer = (): void => { p.server.publish({ name: X, version: "1.1.0", dependencies: { "@acme/lib": "^1.0.0" } }); };
const STEPS: readonly Step[] = [
  { args: ["list"], asks: false },
  { args: ["search", "acme"], asks: true },
  { args: ["info", X], asks: true },
  { args: ["install", X, "--dry-run"], asks: true },
  { args: ["install", X, "-y"], asks: true },
  { args: ["verify"], asks: false },
  { args: ["verify", "--deep"], asks: true },
  { args: ["permissions"], asks: false },
  { args: ["doctor"], asks: false },
  { args: ["bundle", "export", "x.mlstackbundle"], asks: true },
  { args: ["bundle", "import", "x.mlstackbundle"], asks: false },
  { args: ["lock"], asks: true, before: () => { rmSync(join(p.dir, "mlstack.lock")); } },
  { args: ["outdated"], asks: true, before: newer },
  { args: ["upgrade", "--plan"], asks: true },
  { args: ["upgrade", "-y"], asks: true },
  { args: ["rollback", "-y"], asks: false },
  { args: ["install"], asks: false, before: () => { rmSync(join(p.dir, "node_modules"), { recursive: true }); } },
  { args: ["install", "--frozen"], asks: false },
  { args: ["uninstall", X, "-y"], asks: false },
];
/** Those that take `--registry`: the others ask nobody. */
const takesRegistry = ([verb = ""]: readonly string[]): boolean => !["list", "permissions", "doctor"].includes(verb);

describe.each(["a registry in .npmrc", "a registry by --registry"])("%s", (how) => {
  test("every verb asks that one, and nobody else", async () => {
    const byFlag = how.endsWith("--registry");
    if (byFlag) rmSync(join(p.dir, ".npmrc"));
    for (const { args, asks, before } of STEPS) {
      before?.();
      const asked = p.server.asked.length;
      const outcome = await p.mlstack("integration", ...args, ...(byFlag && takesRegistry(args) ? ["--registry", p.server.url] : []), "--json");
      expect(outcome, `${args.join(" ")}\n${outcome.stdout}`).toMatchObject({ code: 0 });
      if (asks) expect(p.server.asked.length, args.join(" ")).toBeGreaterThan(asked);
    }
    expect(out.refused).toEqual([]);
    expect(out.reached()).toEqual([new URL(p.server.url).host]);
  }, 300_000);
});

test("these are all verbs there are", async () => {
  const help = await p.mlstack("integration", "--help");
  const verbs = [...help.stdout.split("Commands:")[1]!.split("\n\n")[0]!.matchAll(/^ {2}(\w+)/gm)].map(([, verb]) => verb!);
  expect(verbs.filter((verb) => verb !== "help").toSorted()).toEqual([...new Set(STEPS.map(({ args }) => args[0]!))].toSorted());
});

test("a request elsewhere would have been seen: at the proxy, and by its socket", async () => {
  rmSync(join(p.dir, ".npmrc"));
  expect(await p.end("info", X, "--registry", ELSEWHERE)).toEqual([1, "MLS8103"]);
  expect(out.refused).toEqual([`${ELSEWHERE}@acme%2fmlstack-plugin-x`]);
  const npm = await p.npm("view", X, "--registry", ELSEWHERE);
  expect([npm.code, out.refused.length]).toEqual([1, 2]);
  // npm's default registry, by TLS
  expect((await p.npm("view", X)).code).toBe(1);
  expect(out.refused.at(-1)).toMatch(/:443$/);
  writeFileSync(join(p.dir, "ask.mjs"), `await fetch(${JSON.stringify(ELSEWHERE)}).catch(() => undefined);\n`);
  await run(process.execPath, ["ask.mjs"], p.dir, p.env);
  const { NODE_USE_ENV_PROXY: _, ...past } = p.env;
  await run(process.execPath, ["ask.mjs"], p.dir, past);
  expect(out.reached()).toContain("elsewhere.invalid:80");
}, 120_000);
