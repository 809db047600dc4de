import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { clockLine } from "./machine.ts";

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), "doctor-clock-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

test("a clock that goes with that of files is well, and nothing is left behind", () => {
  const dir = folder();
  // the file system's clock may be a tick behind
  expect(clockLine(Date.now, dir)).toMatchObject({ name: "clock", status: "ok" });
  expect(readdirSync(dir)).toEqual([]);
});

test("a clock that was never set, one that is away from that of files, and a folder that can't be written", () => {
  const dir = folder();
  expect(clockLine(() => Date.UTC(2001, 0, 1), dir)).toMatchObject({ status: "error", message: "it says 2001-01-01T00:00:00.000Z", fix: expect.stringContaining("set the clock") as string });
  for (const hours of [3, -3]) expect(clockLine(() => Date.now() + hours * 3_600_000, dir)).toMatchObject({ status: "warning", message: expect.stringMatching(/^that of the file system is .* away$/) as string, fix: expect.stringContaining("time server") as string });
  expect(clockLine(Date.now, join(dir, "nowhere"))).toMatchObject({ status: "error", message: expect.stringContaining("nowhere") as string, fix: expect.stringContaining("TMPDIR") as string });
  expect(readdirSync(dir)).toEqual([]);
});
