import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { RULES } from "./rules/index.ts";

test("docs/plugins/check.md has the rules as they are", () => {
  const page = readFileSync(join(import.meta.dirname, "..", "..", "..", "..", "docs", "plugins", "check.md"), "utf8");
  const rows = page.split("\n").filter((line) => /^\| `[a-z-]+(?:\.[a-z-]+)?` \| (?:error|warning) \|/.test(line));
  expect(rows).toEqual(RULES.map(({ id, level, expects }) => `| \`${id}\` | ${level} | ${expects} |`));
});
