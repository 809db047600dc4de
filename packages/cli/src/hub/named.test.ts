import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { declaresIntegration, refuseUnknownNames, type Agreed } from "./named.ts";
import { withHub, type Hub } from "./open-hub.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mlstack-named-"));
  write({ "package.json": { name: "project", private: true } });
});
afterEach(() => { rmSync(folder, { recursive: true, force: true }); });

function write(files: Readonly<Record<string, unknown>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), typeof content === "string" ? content : JSON.stringify(content));
  }
}
const opened = async (work: (hub: Hub) => void): Promise<void> => withHub({ cwd: folder, input: false, color: false }, { writes: false }, async (hub) => { work(hub); });
const install = (name: string): void => {
  write({
    "package.json": { name: "project", private: true, dependencies: { [name]: "1.0.0" } },
    [`node_modules/${name}/package.json`]: { name, version: "1.0.0", type: "module", mlstack: { manifestVersion: 1, entry: "./index.js", core: ">=0.1.0 <1", components: [] } }, [`node_modules/${name}/index.js`]: "",
  });
};

describe("what is agreed to by name", () => {
  test.each<[Agreed]>([[{ "--allow-permissions": ["@acme/plugin"] }], [{ "--allow-in-use": ["s3"], "--allow-invalid-config": ["aws"] }], [{ "--allow-fresh": ["@acme", "@other/plugin", "@other"] }], [{ "--allow-permissions": ["@other/plugin"] }], [{ "--allow-permissions": undefined }]])("is of the project, of what is planned, or in the catalog: %j", async (agreed) => {
    install("@acme/plugin");
    await opened((hub) => { refuseUnknownNames(agreed, hub, ["@other/plugin"]); });
  });

  test.each<[Agreed, string, string]>([
    [{ "--allow-permissions": ["@acme/plugni"] }, "--allow-permissions @acme/plugni", "--allow-permissions @acme/plugin"],
    [{ "--allow-fresh": ["@acm"] }, "--allow-fresh @acm", "--allow-fresh @acme"],
    [{ "--allow-in-use": ["mlfow"] }, "--allow-in-use mlfow", "--allow-in-use mlflow"],
    // what is agreed to of a scope are young versions only
    [{ "--allow-permissions": ["@acme"] }, "--allow-permissions @acme", "leave --allow-permissions out, or name one of those"],
  ])("and is none of those (%j) is refused, with what there is", async (agreed, what, fix) => {
    install("@acme/plugin");
    await opened((hub) => {
      expect(() => { refuseUnknownNames(agreed, hub); }).toThrow(expect.objectContaining({ code: "MLS8412", exitCode: 2, message: `${what} names no integration of this project`, why: expect.stringContaining('"@acme/plugin"') as string, fix }) as Error);
    });
  });
});

test("whether a project declares an integration is seen in what is there, and before that by the names of the catalog's", async () => {
  const declares = async (): Promise<boolean | undefined> => { let found: boolean | undefined; await opened(({ context }) => { found = declaresIntegration(folder, context); }); return found; };
  expect(await declares()).toBe(false);
  write({ "package.json": { name: "project", devDependencies: { "@mlstack/plugin-s3": "^0.1.0" } } });
  expect(await declares()).toBe(true);
  write({ "package.json": { name: "project", dependencies: { "@acme/plugin": "1.0.0" } } });
  expect(await declares()).toBe(false);
  install("@acme/plugin");
  expect(await declares()).toBe(true);
});
