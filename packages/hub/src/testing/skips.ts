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

/** @param reason what Windows has not, such as `links need a right that users of Windows do not have` */
export function notOnWindows(context: TestContext, reason: string): void {
  if (process.platform === "win32") skipBecause(context, reason);
}
