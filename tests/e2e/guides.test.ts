import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { followGuide, guideParts } from "./testing/guide.ts";
import { testProject } from "./testing/project.ts";

const folder = join(import.meta.dirname, "..", "..", "docs", "guides");
const guides = readdirSync(folder).filter((name) => name.endsWith(".md"));

it.each(guides)("docs/guides/%s: every example runs, and prints what the page says", async (name) => {
  const p = testProject({});
  onTestFinished(() => p.close());
  expect(await followGuide(p, readFileSync(join(folder, name), "utf8"))).toBeGreaterThan(0);
}, 240_000);

it("a block that nothing would run is refused, and so is a command that prints something else", async () => {
  expect(() => guideParts("text\n```ts\nconst a = 1;\n```\n")).toThrow("line 2: the ts block names no file");
  const p = testProject({});
  onTestFinished(() => p.close());
  await expect(followGuide(p, "```console\n$ node -p 1+1\n3\n```\n")).rejects.toThrow("prints 3");
  await expect(followGuide(p, "```console\n$ node -e \"process.exit(1)\"\n```\n")).rejects.toThrow("to deeply equal");
  // what a shell would make something else of
  expect(() => guideParts("```console\n$ npx mlstack run a.ts --param words=[]\n```\n")).toThrow("needs quotes");
  expect(guideParts(`\`\`\`console\n$ npx mlstack run a.ts --param 'a=["b c"]' --name "x-{date}" --tag a"b"\n\`\`\`\n`)).toMatchObject([{ words: ["npx", "mlstack", "run", "a.ts", "--param", 'a=["b c"]', "--name", "x-{date}", "--tag", "ab"] }]);
  expect(await followGuide(p, "```csv a/b.csv\n1\n```\n```console\n$ node -p \"'one ' + 'two three'\"\none … three\n$ node -e \"process.exit(2)\"\n# exit 2\n```\n")).toBe(2);
}, 60_000);
