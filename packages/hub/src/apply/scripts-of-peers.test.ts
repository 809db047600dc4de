import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { scratch, type Scratch } from "../testing/scratch.ts";
import { scriptsOfPeers } from "./scripts-of-peers.ts";

let folder: Scratch;
beforeEach(() => { folder = scratch(); });
afterEach(() => { folder.remove(); });

/** Puts packages into node_modules, by their places below it. */
function install(packages: Readonly<Record<string, object>>): void {
  folder.put(Object.fromEntries(Object.entries(packages).map(([place, json]) => [`node_modules/${place}/package.json`, JSON.stringify({ name: place.split("node_modules/").at(-1), version: "1.0.0", ...json })])));
}
const SCRIPT = { scripts: { install: "x" } };
const found = (...known: string[]) => scriptsOfPeers(folder.dir, join(folder.dir, "node_modules", "x"), new Set(known)).map(({ id }) => id);

test("of a peer that came along and of what that depends on, however far below; of what is no peer's the lock's tree tells", () => {
  install({
    x: { dependencies: { left: "1" }, peerDependencies: { core: "1", "not-there": "1" } }, left: { ...SCRIPT, dependencies: { x: "1" }, peerDependencies: { peer: "1" } },
    peer: { ...SCRIPT, optionalDependencies: { deep: "1" } }, deep: { dependencies: { peer: "1" } }, "deep/node_modules/peer": { ...SCRIPT, version: "2.0.0" }, core: { dependencies: { native: "1" } }, native: SCRIPT,
  });
  expect(found().toSorted()).toEqual(["native@1.0.0", "peer@1.0.0", "peer@2.0.0"]);
  expect(found("core", "peer")).toEqual([]);
});

test("what can't be read has none", () => {
  install({ x: { peerDependencies: { broken: "1" } } });
  folder.put({ "node_modules/broken/package.json": "{" });
  expect(found()).toEqual([]);
});
