import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { stateLines } from "./state.ts";

/** A project whose state folder holds files of these sizes, which take no room. */
function stateOf(files: Readonly<Record<string, number>>): { readonly dir: string; readonly stateDir: string } {
  const dir = mkdtempSync(join(tmpdir(), "doctor-state-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const stateDir = join(dir, ".mlstack");
  for (const [name, size] of Object.entries(files)) {
    const path = join(stateDir, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, "");
    truncateSync(path, size);
  }
  return { dir, stateDir };
}
const leftovers = (files: Readonly<Record<string, number>>) => stateLines(stateOf(files)).filter((l) => l.name === "leftovers").map((l) => ({ ...l, message: l.message.replace(/^.*\.mlstack./, "") }));

test("a folder without much in it has no leftovers", () => {
  expect(leftovers({ "scratch/a/x": 1000, "debug/b": 99e6, "store/cas/big": 500e6 })).toEqual([]);
});

test("what dead processes and mlstack debug left is told of, from 100 MB on, with how to be rid of it", () => {
  expect(leftovers({ "scratch/a/x": 60e6, "scratch/b/c/y": 60e6, "debug/z": 200e6 })).toEqual([
    { name: "leftovers", status: "warning", message: "scratch: 120.0 MB in 2 files, folders of processes that are gone; the next run removes them", fix: expect.stringMatching(/^remove .*scratch when no run is going on$/) as string },
    { name: "leftovers", status: "warning", message: "debug: 200.0 MB in 1 file, steps that were laid out by mlstack debug", fix: expect.stringMatching(/^remove .*debug when no run is going on$/) as string },
  ]);
});

test.skipIf(process.platform === "win32")("links are not followed", () => {
  const { dir, stateDir } = stateOf({ "scratch/a": 10 });
  writeFileSync(join(dir, "outside"), "");
  truncateSync(join(dir, "outside"), 500e6);
  symlinkSync(join(dir, "outside"), join(stateDir, "scratch", "link"));
  symlinkSync(dir, join(stateDir, "scratch", "round"));
  expect(stateLines({ dir, stateDir }).filter((l) => l.name === "leftovers")).toEqual([]);
});

test("a folder that is not there yet is made by the first run", () => {
  const { dir } = stateOf({});
  expect(stateLines({ dir, stateDir: join(dir, ".mlstack") })).toEqual([{ name: "state folder", status: "ok", message: expect.stringContaining("is made by the first run") as string }]);
});

test("damaged records are restored where there is a copy of them", () => {
  const damaged = (files: Readonly<Record<string, number>>) => stateLines(stateOf(files)).find((l) => l.name === "records");
  expect(damaged({ "records.db": 5000 })).toMatchObject({ status: "error", fix: expect.stringContaining("put it aside and start anew") as string });
  expect(damaged({ "records.db": 5000, "records.db.backup": 5000 })).toMatchObject({ status: "error", fix: expect.stringContaining("goes on with its copy") as string });
});
