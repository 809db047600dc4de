// What the managers themselves have printed (fixtures/outputs, paths and hosts replaced): each of npm 11 and 12, pnpm 10 and 12, yarn 1 and 4 and bun 1.4,
// against a registry, a disk or a project made for it.
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { ErrorCode } from "@mlstack/core/errors";
import { describe, expect, test } from "vitest";
import { failureOf } from "./failures.ts";
import type { ManagerName } from "./types.ts";

const OUTPUTS = join(import.meta.dirname, "fixtures", "outputs");
const CODES: Readonly<Record<string, ErrorCode>> = {
  "not-found": "MLS8102", "no-version": "MLS8102", unreachable: "MLS8101", "broken-off": "MLS8101", busy: "MLS8101", unauthorized: "MLS8103", forbidden: "MLS8103", "no-answer": "MLS8104",
  integrity: "MLS8201", offline: "MLS8105", frozen: "MLS8302", peers: "MLS8303", scripts: "MLS8305", "no-space": "MLS3004", permission: "MLS8306",
};
/** A page instead of a tarball: pnpm and bun compare its digest first, and yarn 4 unpacks it. */
const OTHERWISE: Readonly<Record<string, ErrorCode>> = { "no-answer/pnpm10": "MLS8201", "no-answer/pnpm12": "MLS8201", "no-answer/bun": "MLS8201", "no-answer/yarn4": "MLS8304" };

const failure = (manager: string, lines: readonly string[]) => failureOf({ manager: manager.replace(/\d+$/, "") as ManagerName, command: "npm install left@1.4.0", lines, exitCode: 1, endedBy: undefined, remake: "npm install" });
const cases = readdirSync(OUTPUTS).flatMap((kind) => readdirSync(join(OUTPUTS, kind)).map((file) => [kind, basename(file, ".txt")] as const));

test("each kind of trouble was seen", () => { expect([...new Set(cases.map(([kind]) => kind))].sort()).toEqual(Object.keys(CODES).sort()); });

test.each(cases)("%s of %s is told as what it is, in the manager's words", (kind, manager) => {
  const error = failure(manager, readFileSync(join(OUTPUTS, kind, `${manager}.txt`), "utf8").split("\n"));
  expect(error.code).toBe(OTHERWISE[`${kind}/${manager}`] ?? CODES[kind]);
  expect(error.message).toContain(manager.replace(/\d+$/, ""));
  expect(error.why).toMatch(/^it said: .{7}/);
  expect(error.why!.split("\n").length).toBeLessThanOrEqual(6);
  expect(error.why).not.toMatch(/^\s+at |info Visit|A complete log/m);
  expect(error.fix).toBeTruthy();
});

describe("as a person reads it", () => {
  const shown = (kind: string, manager: string): string => {
    const { code, message, why, fix } = failure(manager, readFileSync(join(OUTPUTS, kind, `${manager}.txt`), "utf8").split("\n"));
    return `${code} ${message}\n  why   ${why}\n  fix   ${fix}\n`;
  };
  test.each([["not-found", "npm11"], ["no-version", "bun"], ["unreachable", "pnpm12"], ["frozen", "npm12"], ["frozen", "yarn4"], ["peers", "npm11"], ["scripts", "pnpm12"], ["no-space", "pnpm10"], ["permission", "yarn1"], ["unauthorized", "yarn4"]])("%s of %s", (kind, manager) => {
    expect(shown(kind, manager)).toMatchSnapshot();
  });
});

test("what nobody knows is a failure with the last that was said", () => {
  const error = failure("bun", ["bun add v1", "panic: something"]);
  expect(error).toMatchObject({ code: "MLS8304", message: "bun ended with 1", why: "it said: bun add v1\n        panic: something", fix: expect.stringContaining("npm install left@1.4.0") });
  expect(failure("npm", [])).toMatchObject({ code: "MLS8304", why: "it printed nothing" });
  expect(failureOf({ manager: "npm", command: "npm ci", lines: [], exitCode: undefined, endedBy: "SIGKILL", remake: "" })).toMatchObject({ code: "MLS8304", message: "npm was ended by SIGKILL" });
});

test("network trouble is never called a difference of bytes, whatever a package is called", () => {
  expect(failure("npm", ["npm error code ECONNRESET", "npm error network request to https://packages.example.test/einteg failed, reason: aborted"]).code).toBe("MLS8101");
});
