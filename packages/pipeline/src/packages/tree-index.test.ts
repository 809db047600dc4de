import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { installed, printOf, projectWith, write } from "./testing/project.ts";
import { treeDigester } from "./tree-digest.ts";
import { treeIndex } from "./tree-index.ts";

const later = () => Date.now() + 60_000;
const files = installed("node_modules/a", "a", "1.0.0");

function session(dir: string, now = later): string {
  const index = treeIndex(join(dir, "state"));
  const { digest } = treeDigester(index, now).digest(join(dir, "node_modules/a"));
  index.flush();
  return digest;
}
const indexFile = (dir: string) => join(dir, "state/packages.json");

/** Makes the remembered digest a wrong one, so that it shows when it is used. */
function forge(dir: string): string {
  const forged = "0".repeat(64);
  writeFileSync(indexFile(dir), readFileSync(indexFile(dir), "utf8").replace(/"[0-9a-f]{64}"\]/, `"${forged}"]`));
  return forged;
}

test("a folder whose files are as they were is not read again", () => {
  const dir = projectWith(files);
  session(dir);
  const forged = forge(dir);
  expect(session(dir)).toBe(forged);
});

test.each<[string, (dir: string) => void]>([
  ["a patch of the same size with its time set back", (dir) => {
    const path = join(dir, "node_modules/a/index.js");
    const { size } = statSync(path);
    write(dir, { "node_modules/a/index.js": 'export default "A";' });
    utimesSync(path, 1_000_000, 1_000_000);
    expect(statSync(path)).toMatchObject({ size, mtimeMs: 1_000_000_000 });
  }],
  ["an added file", (dir) => write(dir, { "node_modules/a/b.js": "" })],
  ["a removed file", (dir) => rmSync(join(dir, "node_modules/a/index.js"))],
])("%s is seen", async (_, change) => {
  const dir = projectWith(files);
  utimesSync(join(dir, "node_modules/a/index.js"), 1_000_000, 1_000_000);
  const before = session(dir);
  const forged = forge(dir);
  // The kernel's clock ticks every few milliseconds.
  await sleep(20);
  change(dir);
  expect([before, forged]).not.toContain(session(dir));
});

test("a file that changed just now is not trusted yet, even if its time was set back", () => {
  const dir = projectWith(files);
  for (const name of ["index.js", "package.json"]) utimesSync(join(dir, "node_modules/a", name), 1_000_000, 1_000_000);
  session(dir, Date.now);
  expect(existsSync(indexFile(dir))).toBe(false);
  session(dir, () => Date.now() + 1_900);
  expect(existsSync(indexFile(dir))).toBe(false);
  session(dir, () => Date.now() + 2_100);
  expect(existsSync(indexFile(dir))).toBe(true);
});

test.each([["nothing", ""], ["half", '{"version":1,"packages":{"'], ["another version", '{"version":99,"packages":{}}'], ["a list", "[1]"], ["nonsense", '{"version":1,"packages":{"/x":[1,{}],"/y":null}}']])(
  "an index that holds %s is an empty one, and is replaced", (_, content) => {
    const dir = projectWith({ ...files, "state/packages.json": content });
    const digest = session(dir);
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    const forged = forge(dir);
    expect(session(dir)).toBe(forged);
    expect(readdirSync(join(dir, "state"))).toEqual(["packages.json"]);
  });

test("where it can't be written, everything works without it", () => {
  const dir = projectWith({ ...files, state: "a file, not a folder" });
  expect(session(dir)).toBe(session(dir));
  const readOnly = projectWith(files);
  mkdirSync(join(readOnly, "state"));
  chmodSync(join(readOnly, "state"), 0o555);
  const digest = session(readOnly);
  chmodSync(join(readOnly, "state"), 0o755);
  expect(digest).toBe(session(dir));
});

test("writers at the same time keep what others wrote; folders that are gone are forgotten", () => {
  const dir = projectWith({ ...files, ...installed("node_modules/b", "b", "1.0.0") });
  const [one, other] = [treeIndex(join(dir, "state")), treeIndex(join(dir, "state"))];
  treeDigester(one, later).digest(join(dir, "node_modules/a"));
  treeDigester(other, later).digest(join(dir, "node_modules/b"));
  one.flush();
  other.flush();
  const folders = () => Object.keys((JSON.parse(readFileSync(indexFile(dir), "utf8")) as { packages: object }).packages);
  expect(folders()).toEqual([join(dir, "node_modules/a"), join(dir, "node_modules/b")]);
  rmSync(join(dir, "node_modules/b"), { recursive: true });
  write(dir, { "node_modules/a/new.js": "" });
  session(dir);
  expect(folders()).toEqual([join(dir, "node_modules/a")]);
});

test("a process that finds the index gives the same fingerprint as one that doesn't", async () => {
  const dir = projectWith(files);
  await sleep(2_100);
  const first = printOf(dir, ["a"]);
  expect(existsSync(join(dir, ".mlstack/packages.json"))).toBe(true);
  expect(printOf(dir, ["a"])).toEqual(first);
  rmSync(join(dir, ".mlstack"), { recursive: true });
  expect(printOf(dir, ["a"])).toEqual(first);
});
