import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { planOf, readArguments } from "./answers.ts";
import { packageManager } from "./package-manager.ts";
import type { Questions } from "./questions.ts";

let dir: string;
beforeEach(() => { dir = mkdtempSync(join(tmpdir(), "create-plugin-")); });
afterEach(() => { rmSync(dir, { recursive: true, force: true }); });

/** A person who takes what is offered, and answers the rest with these in turn. */
function person(...answers: readonly string[]): Questions & { readonly asked: string[] } {
  const asked: string[] = [];
  const rest = [...answers];
  return {
    asked, close: () => undefined,
    async text(question, { initial, check }) { asked.push(question); return check(initial ?? rest.shift() ?? ""); },
    async choice(question) { asked.push(question); return rest.shift() as never; },
  };
}

test("what is given is not asked", async () => {
  const someone = person();
  expect(await planOf(readArguments([join(dir, "x"), "--type", "format", "--flavor", "acme", "--package", "p", "--license", "MIT", "--author", "Ann", "--repository", "git+https://example.org/x.git"]), someone)).toEqual({
    folder: join(dir, "x"), type: "format", flavor: "acme", package: "p", componentType: undefined, license: "MIT", author: "Ann", repository: "git+https://example.org/x.git",
  });
  expect(someone.asked).toEqual([]);
});

test("a person is asked for what is missing, and what is usual is offered", async () => {
  const someone = person("component_type", "acme-cloud");
  expect(await planOf(readArguments([]), someone)).toMatchObject({ folder: "mlstack-plugin-acme-cloud", type: "component_type", flavor: "acme-cloud", package: "mlstack-plugin-acme-cloud", componentType: "acme_cloud.vector_index" });
  expect(someone.asked).toHaveLength(5);
});

test("with --yes only that is asked for which there is no usual answer, and a folder's name may be the package's", async () => {
  const someone = person("orchestrator", "acme");
  expect(await planOf(readArguments([join(dir, "mlstack-plugin-queue"), "-y"]), someone)).toMatchObject({ package: "mlstack-plugin-queue" });
  expect(someone.asked).toHaveLength(2);
});

test("where nobody can be asked the error says what to give, and the rest has the usual answers", async () => {
  await expect(planOf(readArguments([]), undefined)).rejects.toMatchObject({ code: "MLS8721", message: "--type TYPE and --flavor NAME are missing", fix: "npm create mlstack-plugin FOLDER -- --type artifact_store --flavor acme" });
  await expect(planOf(readArguments(["here", "--type", "format"]), undefined)).rejects.toMatchObject({ message: "--flavor NAME is missing", fix: "npm create mlstack-plugin here -- --type format --flavor acme" });
  expect(await planOf(readArguments(["--type", "format", "--flavor", "acme"]), undefined)).toMatchObject({ folder: "mlstack-plugin-acme", package: "mlstack-plugin-acme" });
});

test("what is given and wrong is said before anything is asked", async () => {
  const someone = person("format", "acme");
  writeFileSync(join(dir, "file"), "");
  for (const argv of [["--type", "thing"], ["--flavor", "Up"], ["--package", "No"], ["--component-type", "x"], [dir]]) await expect(planOf(readArguments(argv), someone), argv.join(" ")).rejects.toMatchObject({ name: "CreateError" });
  expect(someone.asked).toEqual([]);
});

test("what is not understood is refused in a sentence", () => {
  for (const [argv, message] of [[["--typ", "x"], "unknown option '--typ'"], [["a", "b"], `"b" is one folder too many`]] as const) expect(() => readArguments(argv)).toThrow(expect.objectContaining({ code: "MLS8721", message }) as Error);
});

test("what is typed next is of the package manager that has started it", () => {
  const typed = (agent?: string): readonly string[] => { const { install, run } = packageManager({ npm_config_user_agent: agent }); return [install, run("build"), run("test")]; };
  expect(typed()).toEqual(["npm install", "npm run build", "npm test"]);
  expect(typed("npm/11.0.0 node/v24.0.0 linux x64")).toEqual(["npm install", "npm run build", "npm test"]);
  expect(typed("pnpm/10.1.0 npm/? node/v24.0.0")).toEqual(["pnpm install", "pnpm build", "pnpm test"]);
  expect(typed("yarn/4.1.0 npm/? node/v24.0.0")).toEqual(["yarn install", "yarn build", "yarn test"]);
  expect(typed("bun/1.2.0 npm/? node/v24.0.0")).toEqual(["bun install", "bun run build", "bun run test"]);
});
