// npm run demo:author: every package of mlstack is released into a real registry (Verdaccio) on this machine; then, in a fresh folder, what an author does: a plugin
// made by npm create, its store written anew in some sixty lines, checked, proven and published; and, in another folder, what a user does with it: installs it, and runs a
// pipeline on it. It ends with 1 where something is not as it says here. Both folders are left in .demo/author; nothing that was started is left running.
import { execFileSync } from "node:child_process";
import { appendFileSync, copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { install as installVerdaccio, startVerdaccio } from "../tests/live/servers/verdaccio.ts";
import { isWindows, root } from "./bootstrap/install.mjs";
import { releaseWorkspace } from "./demo-hub/release.ts";
import { openShell } from "./demo-hub/shell.ts";

const PLUGIN = "@acme/mlstack-plugin-sqlite";
const source = join(root, "scripts", "demo-author");

const title = (text: string): void => console.log(`\u2500\u2500 ${text}\n`);
function fail(message: string): never { throw new Error(message); }

/** Replaces a text of a file, and shows both lines. */
function edit(folder: string, path: string, from: string, to: string): void {
  const file = join(folder, path);
  const before = readFileSync(file, "utf8");
  if (!before.includes(from)) fail(`${path} does not hold ${from}`);
  writeFileSync(file, before.replace(from, to));
  console.log(`${path}\n- ${from}\n+ ${to}\n`);
}

const started = performance.now();
console.log(`Every package is released into a registry on this machine that was empty. What follows is what an author types, and then a user, in folders that
have nothing of this clone. It takes some minutes: the author's compiler, linter and test runner are installed, too.\n`);
process.stdout.write("Verdaccio (npm) \u2026 ");
await installVerdaccio();
console.log(`ready (${((performance.now() - started) / 1000).toFixed(0)} s)\n`);

const temp = realpathSync(mkdtempSync(join(tmpdir(), "mlstack-demo-author-")));
const [author, user, plugin] = [join(temp, "author"), join(temp, "user"), join(temp, "author", "mlstack-plugin-sqlite")];
for (const folder of [author, user, join(temp, "home")]) mkdirSync(folder);
// what others have published is had from where this machine has it from; what is ours, and the author's, is only what is published here
const behind = execFileSync(isWindows ? "npm.cmd" : "npm", ["config", "get", "registry"], { cwd: root, encoding: "utf8", shell: isWindows }).trim();
const registry = await startVerdaccio({ behind: { url: behind, own: ["mlstack", "create-mlstack-plugin", "@mlstack/*", "@acme/*"] } });
const settings = { npm_config_cache: join(temp, "npm-cache"), npm_config_update_notifier: "false", npm_config_fund: "false", npm_config_audit: "false", MLSTACK_CACHE_DIR: join(temp, "cache") };
// who publishes is logged in; who installs is not
writeFileSync(join(temp, "home", "author"), `registry=${registry.url}\n//${new URL(registry.url).host}/:_authToken=${registry.token}\n`, { mode: 0o600 });
writeFileSync(join(temp, "home", "user"), `registry=${registry.url}\n`);
const shellOf = (folder: string, who: "author" | "user") => openShell(folder, { ...settings, npm_config_userconfig: join(temp, "home", who) });
const [inAuthor, inUser] = [shellOf(author, "author"), shellOf(user, "user")];
/** What a command says to programs; it is not shown. */
async function dataOf<T>(shell: typeof inUser, line: string): Promise<T> {
  return (JSON.parse((await shell.type(`${line} --json`, { quiet: true })).stdout) as { data: T }).data;
}

interface Run { readonly status: string; readonly stack: { readonly name: string }; readonly steps: readonly { readonly step: string; readonly status: string }[] }
async function expectRun(status: string): Promise<void> {
  const run = await dataOf<Run>(inUser, "npx mlstack run show last");
  if (run.status !== "completed" || run.stack.name !== "portable" || run.steps.length !== 2 || run.steps.some((step) => step.status !== status)) fail(`the run is ${JSON.stringify(run)}, and was expected to be ${status} on portable`);
}

try {
  title("A release of mlstack");
  const released = await releaseWorkspace(join(temp, "workspace")).release(registry, console.log);
  console.log();
  for (const name of ["mlstack", "create-mlstack-plugin", "@mlstack/testkit"]) if (!released.some((r) => r.name === name)) fail(`${name} was not released`);

  title("An author: a plugin that passes its conformance suite, to begin with");
  await inAuthor.type(`npm create mlstack-plugin@latest mlstack-plugin-sqlite -- \\\n  --type artifact_store --flavor sqlite --package ${PLUGIN} --repository git+https://example.com/acme/sqlite.git -y`);
  const inPlugin = shellOf(plugin, "author");
  await inPlugin.type("npm install --loglevel=error");

  const store = readFileSync(join(source, "sqlite-store.ts"), "utf8");
  title(`A store of its own in ${store.trimEnd().split("\n").length} lines: src/store.ts`);
  console.log(store);
  writeFileSync(join(plugin, "src", "store.ts"), store);
  title("And what is said of it");
  edit(plugin, "src/index.ts", "Artifacts as files of a folder", "Artifacts in one SQLite file");
  edit(plugin, "src/index.ts", "The folder; relative to the project.", "The file; relative to the project.");
  edit(plugin, "README.md", "the folder; relative to the project", "the file; relative to the project");
  edit(plugin, "conformance.ts", "open({ path: folder })", 'open({ path: `${folder}/store.db` })');
  edit(plugin, "test/plugin.test.ts", 'writeFileSync(join(dir, "file"), "");', 'writeFileSync(join(dir, "file"), "this is no database");');
  edit(plugin, "test/plugin.test.ts", '"folder writable"', '"file writable"');

  title("Built, looked at, and proven");
  await inPlugin.type("npm run --silent build");
  await inPlugin.type("npm run --silent lint");
  await inPlugin.type("npm run --silent check");
  await inPlugin.type("npm run --silent test");
  await inPlugin.type("npx mlstack plugin test");

  title("A promise that is broken is found: what is put is acknowledged, and lost");
  writeFileSync(join(plugin, "src", "store.ts"), store.replace("const written = ask(", 'const written = key.endsWith("x") ? [{}] : ask('));
  await inPlugin.type("npm run --silent build");
  const refused = await inPlugin.type("npx mlstack plugin publish -y", { code: 1, quiet: true });
  if (!refused.text.includes("MLS8716")) fail(`expected that it is not published: ${refused.text}`);
  console.log(`$ npx mlstack plugin publish -y\n\u2026\n${refused.text.slice(refused.text.lastIndexOf("error MLS8716"))}`);
  writeFileSync(join(plugin, "src", "store.ts"), store);
  await inPlugin.type("npm run --silent build");

  title("Published");
  const packed = await dataOf<{ readonly digest: string }>(inPlugin, `npx mlstack plugin pack --out ${temp}`);
  await inPlugin.type("npx mlstack plugin publish -y --quiet");
  await inPlugin.type("npx mlstack plugin publish -y --quiet --no-test", { code: 4 });

  title("A user, in another folder");
  await inUser.type("npx --yes mlstack init");
  await inUser.type("npm install --loglevel=error mlstack zod");
  appendFileSync(join(user, "mlstack.yaml"), `integrations:\n  # these are minutes old, and new versions wait a day\n  allow_fresh: ["@acme", "@mlstack"]\n`);
  console.log(readFileSync(join(user, "mlstack.yaml"), "utf8"));
  await inUser.type("npx mlstack integration search sqlite");
  await inUser.type(`npx mlstack integration install ${PLUGIN} -y`);
  await inUser.type("npx mlstack integration verify");
  const lock = JSON.parse(readFileSync(join(user, "mlstack.lock"), "utf8")) as { readonly plugins: Readonly<Record<string, unknown>> };
  if (!JSON.stringify(lock.plugins[PLUGIN]).includes(packed.digest)) fail(`mlstack.lock has not the digest that was packed: ${packed.digest}`);

  title("A stack with it, and a pipeline on that");
  await inUser.type("npx mlstack component register file --type artifact_store --flavor sqlite --config path=artifacts.db");
  await inUser.type("npx mlstack component register here --type orchestrator --flavor local");
  await inUser.type("npx mlstack stack register portable --artifact-store file --orchestrator here --set");
  await inUser.type("npx mlstack stack verify portable");
  mkdirSync(join(user, "src"), { recursive: true });
  copyFileSync(join(source, "pipeline.ts"), join(user, "src", "pipeline.ts"));
  console.log(`src/pipeline.ts\n\n${readFileSync(join(source, "pipeline.ts"), "utf8")}`);
  await inUser.type("npx mlstack run src/pipeline.ts");
  await expectRun("completed");
  await inUser.type("npx mlstack run src/pipeline.ts");
  await expectRun("cached");
  await inUser.type("npx mlstack artifact preview last/summarize");
  if (!existsSync(join(user, "artifacts.db"))) fail("the artifacts are not in artifacts.db");

  const left = join(root, ".demo", "author");
  rmSync(left, { recursive: true, force: true });
  mkdirSync(left, { recursive: true });
  for (const [from, to] of [[plugin, join(left, "plugin")], [user, join(left, "project")]] as const) {
    try { renameSync(from, to); } catch { cpSync(from, to, { recursive: true, verbatimSymlinks: true }); }
  }
  console.log(`Done in ${((performance.now() - started) / 1000).toFixed(0)} s. The plugin is in .demo/author/plugin, the project in .demo/author/project; the registry is stopped.`);
} finally {
  await registry.stop();
  rmSync(temp, { recursive: true, force: true, maxRetries: 5 });
}
