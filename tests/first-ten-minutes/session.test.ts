import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { session } from "./session.ts";

test("a session writes down what is typed and said, and what is not as it should be", () => {
  const dir = mkdtempSync(join(tmpdir(), "mlstack-session-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const lines: string[] = [];
  const me = session(join(dir, "p"), (line) => lines.push(line));
  me.write("a.txt", "one");
  me.edit("a.txt", "one", "two");
  expect(readFileSync(join(dir, "p", "a.txt"), "utf8")).toBe("two");
  expect(() => me.edit("a.txt", "one", "three")).toThrow("does not hold one");
  expect(me.type("node", "-e", "process.exit(3)").code).toBe(3);
  me.check(true, "never said");
  me.check(false, "this is wrong");
  expect(me.problems).toEqual(["this is wrong"]);
  expect(lines.join("\n")).toContain("$ node -e process.exit(3)");
  expect(lines.at(-1)).toBe("(!) this is wrong");
});
