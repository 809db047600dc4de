import { readFileSync } from "node:fs";
import type { TestContext } from "vitest";

declare module "vitest" {
  interface TaskMeta {
    /** Why the test was skipped; `npm test` repeats it in its last lines. */
    skipped?: string;
  }
}

/** Skips a test for a reason that is printed: the runner's short report counts skipped tests and does not say why. */
export function skipBecause({ task, skip }: TestContext, reason: string): never {
  process.stdout.write(`skipped: ${task.name}: ${reason}\n`);
  task.meta.skipped = reason;
  return skip(reason);
}

/** Whether this process has a right of Linux's superuser, such as CAP_SYS_ADMIN, by its number. */
export function hasCapability(number: number): boolean {
  if (process.platform !== "linux") return false;
  const mask = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0";
  return ((BigInt(`0x${mask}`) >> BigInt(number)) & 1n) === 1n;
}
