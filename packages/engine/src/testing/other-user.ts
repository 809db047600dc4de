import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { TestContext } from "vitest";

/** A user without rights, `nobody` on most systems. */
const UID = 65534;

/**
 * Runs a program as another user: tests are often run by one who may do everything. It is given functions of this package's sources by `load`.
 * Skips the test where this user can't become another, or the other can't read the sources.
 *
 * @param program the body of an asynchronous function
 * @returns what it printed
 */
export function asOtherUser(context: TestContext, program: string): string {
  const cannot = (reason: string): never => {
    process.stdout.write(`skipped: ${context.task.name}: ${reason}\n`);
    Object.assign(context.task.meta, { skipped: reason });
    return context.skip(reason);
  };
  if (process.getuid?.() !== 0) cannot("only the superuser can become another user");
  const sources = fileURLToPath(new URL("..", import.meta.url));
  const run = (code: string) => spawnSync(process.execPath, ["--no-warnings", "--input-type=module", "-e", code], { uid: UID, gid: UID, cwd: "/", encoding: "utf8", env: {} });
  if (run(`(await import("node:fs")).readdirSync(${JSON.stringify(sources)})`).status !== 0) cannot("the clone lies in a folder that no other user may read");
  const { status, stdout, stderr } = run(`const load = (path) => import(${JSON.stringify(new URL("../", import.meta.url).href)} + path);\n${program}`);
  if (status !== 0) throw new Error(`the other user's program ended with ${status}: ${stderr}`);
  return stdout;
}
