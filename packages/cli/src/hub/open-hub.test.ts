import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { withHub } from "./open-hub.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mlstack-open-hub-"));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "project", private: true }));
});
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
  rmSync(folder, { recursive: true, force: true });
});

/** What was said on stderr. */
function heard(): () => string {
  const spy = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  return () => spy.mock.calls.map(([chunk]) => String(chunk)).join("");
}
/** Only those that were added since are told of a signal: the test runner has its own. */
function interrupted(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const known = new Set(process.listeners("SIGINT"));
  return withHub({ cwd: folder, input: false, color: false }, { writes: false }, async ({ change }) => {
    for (const listener of process.listeners("SIGINT")) if (!known.has(listener)) listener("SIGINT");
    await work(change.signal);
  });
}

test("what ends by the interrupt's own reason, as waiting for another process does, was interrupted, and is no bug", async () => {
  const said = heard();
  await interrupted(async (signal) => { signal.throwIfAborted(); });
  expect([process.exitCode, said()]).toEqual([130, expect.stringContaining("MLS4003")]);
});

test("what fails after an interrupt, and not by it, stays what it is", async () => {
  heard();
  const failure = new TypeError("a bug");
  await expect(interrupted(() => Promise.reject(failure))).rejects.toBe(failure);
});

test.each([["{ \"name\": \"x\", }", "JSON"], ["[]", "no object"], ["null", "no object"], ["", "JSON"]])("a package.json that is none (%s) is refused before anything is done", async (text, says) => {
  writeFileSync(join(folder, "package.json"), text);
  const work = vi.fn<() => Promise<void>>();
  await expect(withHub({ cwd: folder, input: false, color: false }, { writes: true }, work)).rejects.toMatchObject({ code: "MLS7004", message: expect.stringContaining(says) as string });
  expect([work.mock.calls, readdirSync(folder)]).toEqual([[], ["package.json"]]);
});

test("one with a byte order mark is one", async () => {
  writeFileSync(join(folder, "package.json"), "\uFEFF{}");
  const work = vi.fn<() => Promise<void>>();
  await withHub({ cwd: folder, input: false, color: false }, { writes: false }, work);
  expect(work).toHaveBeenCalledOnce();
});
