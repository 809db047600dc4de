import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { fileState, noteFile, noteLink } from "../compile/loads.ts";
import { packageFingerprinter } from "./fingerprint.ts";
import { installed, projectWith, type Files } from "./testing/project.ts";

const FILES = {
  ...installed("node_modules/a", "a", "1.0.0", { dependencies: { b: "*" }, optionalDependencies: { maybe: "*" } }),
  ...installed("node_modules/b", "b", "1.0.0"), ...installed("node_modules/c", "c", "1.0.0"),
};

/** A project, and a watch over what its modules reach by importing `a`. */
function watched(isLate = false, files: Files = FILES) {
  const dir = projectWith(files);
  const fingerprinter = packageFingerprinter({ projectDir: dir, stateDir: join(dir, "state") });
  const file = (path: string) => join(dir, "node_modules", path);
  const watch = fingerprinter.check([{ name: "a", from: dir }], isLate);
  return { dir, file, fingerprinter, watch, message: () => watch.changed()?.message };
}
test("what is loaded as it was hashed is fine, also what belongs to others", () => {
  const { file, message } = watched();
  noteFile(file("a/index.js"), fileState(file("a/index.js")));
  noteFile(file("c/index.js"), "in some other state");
  mkdirSync(file("a/node_modules"), { recursive: true });
  noteFile(file("a/node_modules/own/index.js"), "a copy that nothing here reaches");
  noteLink({ parent: file("a/index.js"), specifier: "b/sub.js", mode: "import", file: file("b/index.js") });
  noteLink({ parent: file("a/index.js"), specifier: "./other.js", mode: "import", file: file("a/package.json") });
  noteLink({ parent: file("c/index.js"), specifier: "b", mode: "import", file: file("c/index.js") });
  expect(message()).toBeUndefined();
});

test.each<[string, (file: (path: string) => string) => void]>([
  ["a file in another state", (file) => noteFile(file("b/index.js"), "another")],
  ["a file that was not there", (file) => noteFile(file("a/new.js"), "any")],
  ["a copy of a dependency that was not there", (file) => noteLink({ parent: file("a/index.js"), specifier: "b", mode: "require", file: file("a/node_modules/b/index.js") })],
  ["a dependency that was missing", (file) => noteLink({ parent: file("a/index.js"), specifier: "maybe/sub", mode: "import", file: file("maybe/index.js") })],
])("is noted when it is loaded: %s", (_, note) => {
  const { file, watch } = watched();
  expect(watch.changed()).toBeUndefined();
  // on disk nothing has changed
  note(file);
  expect(watch.changed()).toMatchObject({ rule: "changed-after-load", message: expect.stringMatching(/^the package [ab]@1\.0\.0 was changed/) as string });
});

test("all files are looked at, and a difference does not go away", async () => {
  const { file, message } = watched();
  expect(message()).toBeUndefined();
  writeFileSync(file("b/asset.txt"), "new");
  await expect.poll(message).toMatch(/^the package b@1\.0\.0/);
  rmSync(file("b/asset.txt"));
  expect(message()).toMatch(/^the package b@1\.0\.0/);
});

test("a package that is gone was changed", () => {
  const { file, message } = watched();
  rmSync(file("b"), { recursive: true });
  expect(message()).toMatch(/^the package b@1\.0\.0/);
});

test("looks at all files take at most a fiftieth of the time, however many ask", () => {
  const { dir, fingerprinter, watch } = watched();
  let time = 1000;
  let looks = 0;
  const now = vi.spyOn(performance, "now").mockImplementation(() => time);
  try {
    const other = fingerprinter.check([{ name: "c", from: dir }], false);
    expect(fingerprinter.check([{ name: "a", from: dir }, { name: "b", from: dir }], false)).toBe(watch);
    // each look takes a millisecond: the clock is asked at its beginning and its end
    now.mockImplementation(() => { looks++; return (time += 0.5); });
    for (let i = 0; i < 2000; i++) { watch.changed(); other.changed(); }
  } finally { now.mockRestore(); }
  const asked = 4000;
  // what is left of the questions to the clock are ends of looks
  expect(looks - asked).toBeGreaterThan(1);
  expect((looks - asked) * 0.5).toBeLessThan((time - 1000) / 50 + 2);
});

test("what a process had loaded before digests were made: files that are younger than it count as others, unless they were noted", () => {
  // everything here was written after this process was started
  expect(watched(true).message()).toMatch(/^the package [ab]@1\.0\.0/);
  const { dir, file, fingerprinter } = watched();
  for (const path of ["b/package.json", "b/index.js"]) noteFile(file(path), fileState(file(path)));
  expect(fingerprinter.check([{ name: "b", from: dir }], true).changed()).toBeUndefined();
});
