import { describe, expect, test } from "vitest";
import { platformOf, runtimeOf } from "./platform.ts";
import { installed, printOf, projectWith, write, type Files } from "./testing/project.ts";

test("this process's platform and runtime", () => {
  const { os, arch, libc } = platformOf();
  expect([os, arch]).toEqual([process.platform, process.arch]);
  expect(process.platform === "linux" ? ["glibc", "musl"] : [null]).toContain(libc);
  expect(runtimeOf()).toBe(`node/${process.version.slice(1).split(".")[0]}`);
});

describe("native", () => {
  test.each<[string, object, Files, boolean]>([
    ["plain code", {}, {}, false],
    ["WebAssembly", {}, { "node_modules/a/x.wasm": "" }, false],
    ["an addon", {}, { "node_modules/a/prebuilds/linux-x64/a.node": "" }, true],
    ["a library", {}, { "node_modules/a/lib/liba.so.1": "" }, true],
    ["a build file", {}, { "node_modules/a/binding.gyp": "{}" }, true],
    ["gypfile", { gypfile: true }, {}, true],
    ["a processor", { cpu: ["x64"] }, {}, true],
    ["a system", { os: "!win32" }, {}, true],
    ["any system", { os: ["any"] }, {}, false],
    ["WebAssembly as a processor", { cpu: ["wasm32"] }, {}, false],
    ["a dependency's addon", { dependencies: { b: "*" } }, { ...installed("node_modules/b", "b", "1.0.0"), "node_modules/b/b.node": "" }, true],
    ["an optional dependency that nobody knows", { optionalDependencies: { gone: "1.0.0" } }, {}, true],
    ["an optional dependency of plain code", { optionalDependencies: { b: "1.0.0" } }, installed("node_modules/b", "b", "1.0.0"), false],
  ])("%s", (_, fields, files, native) => {
    expect(printOf(projectWith({ ...installed("node_modules/a", "a", "1.0.0", fields), ...files }), ["a"]).native).toBe(native);
  });
});

/** A package with one optional package for each platform, as napi builds them; `on` is the one that is installed. */
function napi(on: string, options: { lock?: boolean; range?: string; version?: string; darwin?: string } = {}): string {
  const { lock = true, range = "1.0.0", version = "1.0.0", darwin = "sha512-d" } = options;
  const optionalDependencies = { "a-linux": range, "a-darwin": range };
  const locked = (os: string, integrity: string) => ({ version: "1.0.0", integrity, os: [os], optional: true });
  return projectWith({
    ...installed("node_modules/a", "a", "1.0.0", { optionalDependencies }),
    ...(on === "" ? {} : { ...installed(`node_modules/a-${on}`, `a-${on}`, version, { os: [on], cpu: ["x64"] }), [`node_modules/a-${on}/a.node`]: `code for ${on}` }),
    ...(lock && { "package-lock.json": { lockfileVersion: 3, packages: { "node_modules/a": { version: "1.0.0", integrity: "sha512-a", optionalDependencies }, "node_modules/a-linux": locked("linux", "sha512-l"), "node_modules/a-darwin": locked("darwin", darwin) } } }),
  });
}
const print = (...args: Parameters<typeof napi>) => printOf(napi(...args), ["a"]);

describe("packages per platform", () => {
  test("this machine's files count here, all of the lock's entries anywhere", () => {
    const [linux, darwin] = [print("linux"), print("darwin")];
    expect(linux.native).toBe(true);
    expect(Object.keys(linux.entries)).toEqual(["a-linux@1.0.0", "a@1.0.0"]);
    expect(linux.portable.entries).toEqual({ "a-darwin@1.0.0 (lock)": "sha512-d", "a-linux@1.0.0 (lock)": "sha512-l", "a@1.0.0": linux.entries["a@1.0.0"] });
    expect(darwin.digest).not.toBe(linux.digest);
    expect(darwin.portable).toEqual(linux.portable);
  });

  test("one that is not installed is no error, and is not the same as one that is", () => {
    const [none, linux] = [print(""), print("linux")];
    expect(none).toMatchObject({ native: true, uncached: [], portable: linux.portable });
    expect(none.digest).not.toBe(linux.digest);
  });

  test("a patched binary changes this platform's digest", () => {
    const dir = napi("linux");
    const before = printOf(dir, ["a"]);
    write(dir, { "node_modules/a-linux/a.node": "code for Linux" });
    const after = printOf(dir, ["a"]);
    expect(after.digest).not.toBe(before.digest);
    expect(after.portable).toEqual(before.portable);
  });

  test("another platform's package in the lock matters anywhere, but not here", () => {
    const [one, other] = [print("linux"), print("linux", { darwin: "sha512-other" })];
    expect(other.portable.digest).not.toBe(one.portable.digest);
    expect(other.digest).toBe(one.digest);
  });

  test("without npm's lock, an exact version in the manifest stands for them", () => {
    const [linux, darwin] = [print("linux", { lock: false }), print("darwin", { lock: false })];
    expect(darwin.portable).toEqual(linux.portable);
    expect(Object.keys(linux.portable.entries)).toEqual(["a@1.0.0"]);
    expect(linux.digest).toBe(print("linux").digest);
  });

  test("npm's own copy of an optional dependency among the others does not count", () => {
    const of = (on: string) => {
      const dir = napi(on, { lock: false });
      const pinned = { "a-linux": "1.0.0", "a-darwin": "1.0.0" };
      write(dir, installed("node_modules/a", "a", "1.0.0", { dependencies: pinned, optionalDependencies: pinned }));
      return printOf(dir, ["a"]).portable;
    };
    expect(of("darwin")).toEqual(of("linux"));
  });

  test("an optional package for every platform is an ordinary one", () => {
    const { digest, portable } = printOf(projectWith({ ...installed("node_modules/a", "a", "1.0.0", { optionalDependencies: { b: "1.0.0" } }), ...installed("node_modules/b", "b", "1.0.0") }), ["a"]);
    expect(portable.digest).toBe(digest);
  });

  test("an optional dependency for every platform that is not installed is just missing", () => {
    const locked = { lockfileVersion: 3, packages: { "node_modules/a": { version: "1.0.0" }, "node_modules/b": { version: "1.0.0", integrity: "sha512-b" } } };
    const { native, portable } = printOf(projectWith({ ...installed("node_modules/a", "a", "1.0.0", { optionalDependencies: { b: "1.0.0" } }), "package-lock.json": locked }), ["a"]);
    expect([native, Object.keys(portable.entries)]).toEqual([false, ["a@1.0.0"]]);
  });

  test("one whose version nothing pins, or that is not the pinned one, counts anywhere like any other package", () => {
    expect(print("darwin", { lock: false, range: "^1.0.0" }).portable.digest).not.toBe(print("linux", { lock: false, range: "^1.0.0" }).portable.digest);
    expect(Object.keys(print("linux", { version: "1.0.1" }).portable.entries)).toEqual(["a-darwin@1.0.0 (lock)", "a-linux@1.0.1", "a@1.0.0"]);
  });
});
