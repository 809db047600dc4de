import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { printOf, projectWith, write } from "./testing/project.ts";

/** Whether npm could install; without a registry there is nothing to look at. */
function npmInstall(dir: string, ...packages: string[]): boolean {
  try {
    execFileSync("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--fetch-retries=0", ...packages], { cwd: dir, stdio: "ignore", timeout: 40_000, shell: process.platform === "win32" });
    return true;
  } catch { return false; }
}

test("what npm installs", { timeout: 100_000 }, (context) => {
  const dir = projectWith({});
  if (!npmInstall(dir, "debug@4.4.1", "ms@2.0.0")) { process.stdout.write("npm install, skipped: npm reached no registry\n"); context.skip("npm reached no registry"); }
  const before = printOf(dir, ["debug", "ms"]);
  expect(before).toMatchObject({ native: false, uncached: [] });
  expect(Object.keys(before.entries)).toEqual(["debug@4.4.1", "ms@2.0.0", "ms@2.1.3"]);

  const again = projectWith({ "package.json": readFileSync(join(dir, "package.json"), "utf8"), "package-lock.json": readFileSync(join(dir, "package-lock.json"), "utf8") });
  if (!npmInstall(again)) context.skip("npm reached no registry");
  expect(printOf(again, ["ms", "debug"])).toEqual(before);

  write(again, { "node_modules/ms/index.js": readFileSync(join(dir, "node_modules/ms/index.js"), "utf8").replace("1000", "1001") });
  expect(printOf(again, ["ms", "debug"]).digest).not.toBe(before.digest);
});
