import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readNpmLock } from "./npm-lock.ts";
import { installed, link, printOf, projectWith } from "./testing/project.ts";

const lock = (packages: object) => ({ lockfileVersion: 3, packages });

test("a dependency is found in the lock as on disk: the nearest one upward", () => {
  const dir = projectWith({
    "package-lock.json": lock({
      "": { name: "root" },
      "libs/own": { version: "0.1.0" }, "libs/own/node_modules/b": { version: "3.0.0", integrity: "sha512-3" }, "node_modules/own": { resolved: "libs/own", link: true },
      "node_modules/a": { version: "1.0.0" }, "node_modules/a/node_modules/b": { version: "2.0.0", integrity: "sha512-2" },
      "node_modules/@s/c": { version: "1.0.0" }, "node_modules/b": { version: "1.0.0", integrity: "sha512-1", name: "renamed" },
      "node_modules/git": { version: "1.0.0", resolved: "git+ssh://x#abc" },
    }),
    "apps/web/package.json": "{}",
  });
  const found = readNpmLock(join(dir, "apps/web"));
  const dependency = (folder: string, version: string, name: string) => found.dependencyOf(join(dir, folder), version, name);
  expect(dependency("node_modules/a", "1.0.0", "b")).toMatchObject({ path: "node_modules/a/node_modules/b", integrity: "sha512-2", manifest: { name: "b", version: "2.0.0" } });
  expect(dependency("node_modules/@s/c", "1.0.0", "b")).toMatchObject({ path: "node_modules/b", manifest: { name: "renamed" } });
  expect(dependency("libs/own", "0.1.0", "b")?.integrity).toBe("sha512-3");
  expect(dependency("node_modules/a", "1.0.0", "git")?.integrity).toBe("git+ssh://x#abc");
  expect(dependency("node_modules/a", "1.0.0", "own")).toBeUndefined();
  expect(dependency("node_modules/a", "1.0.0", "none")).toBeUndefined();
  // What is installed is not what the lock speaks of.
  expect(dependency("node_modules/a", "1.0.1", "b")).toBeUndefined();
  expect(dependency("../elsewhere/node_modules/a", "1.0.0", "b")).toBeUndefined();
});

test.each<[string, string | object]>([["none", ""], ["half a lock", "{"], ["version 1", { lockfileVersion: 1, dependencies: { b: { version: "1.0.0" } } }], ["nonsense", { packages: [1, null] }]])("%s knows nothing", (_, content) => {
  const dir = projectWith(content === "" ? {} : { "package-lock.json": content });
  expect(readNpmLock(dir).dependencyOf(join(dir, "node_modules/a"), "1.0.0", "b")).toBeUndefined();
});

test("a shrinkwrap goes before a lock, as it does for npm", () => {
  const dir = projectWith({
    "npm-shrinkwrap.json": lock({ "node_modules/a": { version: "1.0.0" }, "node_modules/b": { version: "2.0.0" } }),
    "package-lock.json": lock({ "node_modules/a": { version: "1.0.0" }, "node_modules/b": { version: "1.0.0" } }),
  });
  expect(readNpmLock(dir).dependencyOf(join(dir, "node_modules/a"), "1.0.0", "b")?.manifest.version).toBe("2.0.0");
});

test("what a platform's package needs in its turn counts by the lock, cycles included", () => {
  const entries = {
    "node_modules/a": { version: "1.0.0" },
    "node_modules/a-wasm": { version: "1.0.0", integrity: "sha512-w", cpu: ["wasm32"], dependencies: { rt: "^1" } },
    "node_modules/rt": { version: "1.2.0", integrity: "sha512-r", optionalDependencies: { "a-wasm": "1.0.0", opt: "*" }, peerDependencies: { "@mlstack/core": "*", gone: "*" } },
    "node_modules/opt": { version: "1.0.0", integrity: "sha512-o" },
    "node_modules/@mlstack/core": { version: "1.0.0", integrity: "sha512-m" },
  };
  const files = installed("node_modules/a", "a", "1.0.0", { optionalDependencies: { "a-wasm": "1.0.0" } });
  const print = printOf(projectWith({ ...files, "package-lock.json": lock(entries) }), ["a"]);
  expect(print.portable.entries).toEqual({ "a@1.0.0": expect.any(String), "a-wasm@1.0.0 (lock)": "sha512-w", "opt@1.0.0 (lock)": "sha512-o", "rt@1.2.0 (lock)": "sha512-r" });
  expect(print.native).toBe(false);
  const moved = { ...entries, "node_modules/rt": { ...entries["node_modules/rt"], version: "1.2.1", integrity: "sha512-s" } };
  const after = printOf(projectWith({ ...files, "package-lock.json": lock(moved) }), ["a"]);
  expect(after.portable.digest).not.toBe(print.portable.digest);
  expect(after.digest).toBe(print.digest);
});

test("the lock is found above a project that is reached by a link", () => {
  const outer = projectWith({
    "real/package-lock.json": lock({ "node_modules/a": { version: "1.0.0" }, "node_modules/a-x": { version: "1.0.0", os: ["x"], integrity: "sha512-x" } }),
    ...installed("real/node_modules/a", "a", "1.0.0", { optionalDependencies: { "a-x": "1.0.0" } }),
    "real/app/package.json": "{}",
  });
  mkdirSync(join(outer, "elsewhere"));
  link(outer, "elsewhere/app", "real/app");
  expect(printOf(join(outer, "elsewhere/app"), ["a"]).portable.entries).toHaveProperty(["a-x@1.0.0 (lock)"]);
});
