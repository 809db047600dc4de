import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseSpec, specText, wantedText } from "./spec.ts";

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "mlstack-hub-"));
  mkdirSync(join(dir, "plugin"));
  writeFileSync(join(dir, "x-1.0.0.tgz"), "");
});
afterAll(() => { rmSync(dir, { recursive: true, force: true }); });

test.each([
  ["s3", "s3", { kind: "any" }], ["s3@", "s3", { kind: "any" }], ["s3@*", "s3", { kind: "any" }], ["s3@^1.2", "s3", { kind: "range", range: "^1.2" }], ["s3@1.2", "s3", { kind: "range", range: "1.2" }], ["s3@>=1 <3", "s3", { kind: "range", range: ">=1 <3" }],
  ["s3@1.2.3", "s3", { kind: "version", version: "1.2.3" }], ["s3@next", "s3", { kind: "tag", tag: "next" }], ["@acme/x", "@acme/x", { kind: "any" }], ["@acme/x@~2.0.0", "@acme/x", { kind: "range", range: "~2.0.0" }], ["@acme/x@2.0.0-rc.1", "@acme/x", { kind: "version", version: "2.0.0-rc.1" }],
])("%s is a package", async (text, name, wanted) => {
  const spec = await parseSpec(text, dir);
  expect(spec).toEqual({ kind: "registry", name, wanted });
  expect(await parseSpec(specText(spec), dir)).toEqual(spec);
});

test("paths are tarballs and folders", async () => {
  for (const text of ["./plugin", `${dir}/plugin`, "file:plugin", "file:./plugin", pathToFileURL(join(dir, "plugin")).href]) expect(await parseSpec(text, dir)).toEqual({ kind: "workspace", path: join(dir, "plugin") });
  for (const text of ["./x-1.0.0.tgz", "x-1.0.0.tgz", `${dir}/x-1.0.0.tgz`]) expect(await parseSpec(text, dir)).toEqual({ kind: "tarball", path: join(dir, "x-1.0.0.tgz") });
  expect(await parseSpec("..", join(dir, "plugin"))).toEqual({ kind: "workspace", path: dir });
});

test.each([
  ["git+ssh://git@host.example/x.git", /git or a URL/], ["https://host.example/x.tgz", /git or a URL/], ["github:acme/x", /git or a URL/], ["acme/x", /slash and without a scope/], ["x@npm:left-pad@1.0.0", /names no package/], ["", /names no package/],
  ["@acme", /./], ["UPPER CASE", /./], ["./missing", /there is no/], ["../../etc/x.tgz", /there is no/], ["s3@file:../x", /names no package/],
])("%j is refused", async (text, why) => {
  await expect(parseSpec(text, dir)).rejects.toMatchObject({ code: "MLS8401", exitCode: 2, why: expect.stringMatching(why) as string });
});

test("an unknown folder is said how to be written", async () => {
  await expect(parseSpec("plugins/x", dir)).rejects.toMatchObject({ fix: "for a folder: ./plugins/x" });
});

test("what was asked for, in words", () => {
  expect([wantedText({ kind: "any" }), wantedText({ kind: "tag", tag: "next" }), wantedText({ kind: "range", range: "^1" })]).toEqual(["at all", "tagged next", "^1"]);
});
