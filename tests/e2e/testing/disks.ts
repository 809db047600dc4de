import { execFileSync } from "node:child_process";
import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished, type TestContext } from "vitest";
import { hasCapability, skipBecause } from "./skips.ts";

const CAP_SYS_ADMIN = 21;

/**
 * A file system of its own, gone after the test. Who may not mount one can't run the test; who may, and does not succeed, fails.
 *
 * @param options as of `mount -t tmpfs`, such as `size=3m`
 */
export function mounted(context: TestContext, options: string): string {
  if (!hasCapability(CAP_SYS_ADMIN)) return skipBecause(context, "this user may not mount a small file system");
  const at = mkdtempSync(join(tmpdir(), "mlstack-disk-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", at]);
  onTestFinished(() => { execFileSync("umount", ["-l", at]); rmSync(at, { recursive: true }); });
  return at;
}

export function remount(at: string, options: string): void {
  execFileSync("mount", ["-o", `remount,${options}`, at]);
}

/** Takes what space there is, to the last byte. */
export function fill(at: string): void {
  mkdirSync(join(at, "filler"));
  for (const size of [1 << 20, 1 << 16, 1 << 12, 1 << 9, 1]) {
    try { for (;;) appendFileSync(join(at, "filler", "file"), new Uint8Array(size)); } catch (e) {
      if ((e as { code?: string }).code !== "ENOSPC") throw e;
    }
  }
}
