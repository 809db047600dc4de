import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { hubCli, type HubCli } from "./testing/hub-cli.ts";
import type { Outcome } from "./testing/project.ts";

const [X, LIB] = ["@acme/mlstack-plugin-x", "@acme/lib"];
/** Looked for in all that is printed and written. */
const TOKEN = "npm_onlyfortests0123456789abcdef";
let p: HubCli;
beforeEach(async () => {
  p = await hubCli({ token: TOKEN });
  p.server.publish({ name: LIB, plain: true });
  p.server.publish({ name: X, dependencies: { [LIB]: "^1.0.0" } });
});
afterEach(() => p.close());

/** As npm login does it: in the user's own .npmrc. */
const login = (token: string): void => { p.write("home/.npmrc", `//${new URL(p.server.url).host}/:_authToken=${token}\n`); };
const newer = (): void => { p.server.publish({ name: X, version: "1.1.0", dependencies: { [LIB]: "^1.0.0" } }); };

/** Files that have a text, but those of npm: its logs and what the user has written. */
function holding(text: string): string[] {
  return readdirSync(p.folder, { recursive: true, withFileTypes: true }).filter((e) => e.isFile()).map((e) => join(e.parentPath, e.name))
    .filter((path) => path !== join(p.home, ".npmrc") && readFileSync(path).includes(text));
}

test.each([["the token itself", TOKEN, {}], ["a variable that has it", "${ACME_TOKEN}", { ACME_TOKEN: TOKEN }]])("with %s in the user's .npmrc every verb works, and the token is nowhere else", async (_, inFile, env) => {
  login(inFile);
  Object.assign(p.env, env);
  const printed: Outcome[] = [];
  for (const [before, ...args] of [
    [undefined, "search", "acme"], [undefined, "info", X], [undefined, "install", X, "--dry-run"], [undefined, "install", X, "-y", "--verbose"], [undefined, "verify", "--deep"],
    [() => { rmSync(join(p.dir, "mlstack.lock")); }, "lock"], [newer, "outdated"], [undefined, "upgrade", "-y", "--debug"], [undefined, "rollback", "-y"], [undefined, "install", "--frozen"], [undefined, "doctor"], [undefined, "uninstall", X, "-y"],
  ] as const) {
    before?.();
    for (const json of before === undefined && !args.includes("-y" as never) ? [[], ["--json"]] : [["--json"]]) {
      const outcome = await p.mlstack("integration", ...args, ...json);
      expect(outcome, `${args.join(" ")}\n${outcome.stdout}${outcome.stderr}`).toMatchObject({ code: 0 });
      printed.push(outcome);
    }
  }
  expect(printed.length).toBeGreaterThan(15);
  expect(printed.filter(({ stdout, stderr }) => `${stdout}${stderr}`.includes(TOKEN))).toEqual([]);
  expect(holding(TOKEN)).toEqual([]);
}, 180_000);

test("without one, with a wrong one, and with one whose variable is not set, it is not allowed, and that is said", async () => {
  const before = p.state();
  const why = async (...args: string[]): Promise<unknown> => {
    const outcome = await p.mlstack("integration", ...args, "--json");
    const { error } = JSON.parse(outcome.stdout) as { readonly error?: { readonly code: string; readonly why?: string } };
    expect(`${outcome.stdout}${outcome.stderr}`).not.toContain("onlyfortests");
    return [outcome.code, error?.code, error?.why];
  };
  for (const args of [["install", X, "-y"], ["info", X]]) {
    rmSync(join(p.home, ".npmrc"), { force: true });
    expect(await why(...args)).toEqual([1, "MLS8103", "npm's settings have no token for it"]);
    login("${ACME_TOKEN}");
    expect(await why(...args)).toEqual([1, "MLS8103", "the token in .npmrc is that of the variable ACME_TOKEN, which is not set"]);
    login("npm_onlyfortestsandwrong");
    expect(await why(...args)).toEqual([1, "MLS8103", "the token or password that npm's settings have for it does not allow this"]);
  }
  const text = await p.mlstack("integration", "install", X, "-y", "--verbose", "--debug");
  expect([text.code, text.stderr]).toEqual([1, expect.stringContaining("MLS8103")]);
  expect(text.stderr).not.toContain("onlyfortests");
  expect([p.state(), holding("onlyfortests")]).toEqual([before, []]);
}, 120_000);

test("a token that is no longer good in the middle: npm is not allowed, and all is as it was", async () => {
  login(TOKEN);
  const before = p.state();
  const tarball = p.server.tarball(X, "1.0.0");
  // mlstack gets its tarball, npm gets nothing
  p.server.meddle(/\.tgz$/, (_, response) => {
    p.server.meddle(/./, (__, later) => { later.writeHead(401, { "content-type": "application/json" }).end('{"error":"expired"}'); });
    response.end(tarball);
  });
  const outcome = await p.mlstack("integration", "install", X, "-y", "--json");
  expect([outcome.code, (JSON.parse(outcome.stdout) as { error: { code: string } }).error.code, p.state()]).toEqual([1, "MLS8103", before]);
  expect([`${outcome.stdout}${outcome.stderr}`.includes(TOKEN), holding(TOKEN)]).toEqual([false, []]);
}, 120_000);
