// npm run test:templates: what `npm create mlstack-plugin` makes, as an author has it: every package is packed and put into a registry on this machine; from
// there a plugin of each type is made, installed, built, linted, tested, put through the conformance kit, checked and packed, untouched. One is made
// alone; then all of them in one workspace, which is installed once. It prints a table, and ends with 1 where anything has failed.
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { install as installVerdaccio, startVerdaccio, type Verdaccio } from "../../tests/live/servers/verdaccio.ts";
import { root } from "../bootstrap/install.mjs";
import { openShell, type Shell } from "../demo-hub/shell.ts";
import { isPublished, openRepo } from "../repo-check/repo.ts";

/** What a plugin's author does, in that order; after a failure the rest of that plugin is left out. */
const STEPS: readonly (readonly [name: string, line: string])[] = [
  ["build", "npm run build"], ["types", "npm run typecheck"], ["lint", "npm run lint"], ["test", "npm test"], ["conformance", "npm run conformance"], ["check", "npm run check"], ["strict", "npx mlstack plugin check --strict"], ["pack", "npx mlstack plugin pack --out packed"],
];
/** What a template is not called: what is made has other names. */
const FLAVOR = "snow-cloud";

type Outcome = { readonly step: string; readonly ok: boolean; readonly ms: number };
interface Row { readonly what: string; readonly outcomes: Outcome[] }

const temp = realpathSync(mkdtempSync(join(tmpdir(), "mlstack-templates-")));
const rows: Row[] = [];

/** Does something of a row. @returns whether it worked; what it said is shown where it did not */
async function step({ what, outcomes }: Row, name: string, work: () => Promise<void>): Promise<boolean> {
  const started = performance.now();
  const error = await work().then(() => undefined, (e: unknown) => e as Error);
  const ms = performance.now() - started;
  outcomes.push({ step: name, ok: error === undefined, ms });
  console.log(`${error === undefined ? "ok  " : "FAIL"} ${what}: ${name} (${(ms / 1000).toFixed(1)} s)`);
  if (error !== undefined) console.log(error.message);
  return error === undefined;
}

/** Of the shells of authors; empty while this workspace is packed. */
const settings: Record<string, string> = {};

function open(folder: string): Shell {
  return openShell(folder, { ...settings, npm_config_cache: join(temp, "npm-cache"), npm_config_update_notifier: "false", npm_config_fund: "false", npm_config_audit: "false", MLSTACK_KEYCHAIN: "off" });
}

const quiet = async (folder: string, line: string): Promise<void> => { await open(folder).type(line, { quiet: true }); };
const create = (folder: string, type: string): string => `npm create --yes mlstack-plugin ${folder} -- --type ${type} --flavor ${FLAVOR} --package @someone/mlstack-plugin-${type.replaceAll("_", "-")} --component-type someone.leaf_store --repository git+https://example.org/someone/plugin.git -y`;

async function prove(row: Row, folder: string): Promise<void> {
  const made = readFileSync(join(folder, "package.json"), "utf8");
  for (const [name, line] of STEPS) if (!(await step(row, name, async () => quiet(folder, line)))) return;
  await step(row, "untouched", async () => {
    if (readFileSync(join(folder, "package.json"), "utf8") !== made) throw new Error("the build has changed package.json: the template's manifest is not what its code says");
    const tarballs = readdirSync(join(folder, "packed"));
    if (tarballs.length !== 1) throw new Error(`expected one tarball: ${tarballs.join(", ")}`);
  });
}

/** Every package of this workspace, as npm packs it. */
async function publishAll(registry: Verdaccio): Promise<void> {
  for (const { folder, manifest } of openRepo(root).workspaces.filter(isPublished)) {
    const packed = join(temp, "packed", folder.replaceAll("/", "-"));
    mkdirSync(packed, { recursive: true });
    await open(join(root, folder)).type(`npm pack --silent --ignore-scripts --pack-destination ${packed}`, { quiet: true });
    const [file = ""] = readdirSync(packed);
    const status = await registry.publish(manifest, readFileSync(join(packed, file)));
    if (status !== 201) throw new Error(`the registry does not take ${String(manifest.name)}: ${status}`);
  }
}

function table(): string {
  const names = ["create", "install", ...STEPS.map(([name]) => name), "untouched"];
  const cell = ({ outcomes }: Row, name: string): string => { const found = outcomes.find((one) => one.step === name); return found === undefined ? "-" : found.ok ? `${(found.ms / 1000).toFixed(1)} s` : "FAIL"; };
  const lines = [["", ...names], ...rows.map((row) => [row.what, ...names.map((name) => cell(row, name))])];
  const widths = lines[0]!.map((_, n) => Math.max(...lines.map((line) => line[n]!.length)));
  return lines.map((line) => line.map((text, n) => (n === 0 ? text.padEnd(widths[n]!) : text.padStart(widths[n]!))).join("  ")).join("\n");
}

await installVerdaccio();
const behind = (await openShell(root, {}).type("npm config get registry", { quiet: true })).stdout.trim();
const registry = await startVerdaccio({ behind: { url: behind, own: ["mlstack", "create-mlstack-plugin", "@mlstack/*"] } });
try {
  await publishAll(registry);
  settings["npm_config_registry"] = registry.url;
  const folderOf = (name: string): string => { const folder = join(temp, name); mkdirSync(folder); return folder; };

  const alone: Row = { what: "artifact_store, alone", outcomes: [] };
  rows.push(alone);
  const first = folderOf("alone");
  if (await step(alone, "create", async () => quiet(first, create("store", "artifact_store"))) && await step(alone, "install", async () => quiet(join(first, "store"), "npm install"))) await prove(alone, join(first, "store"));

  const all = folderOf("all");
  writeFileSync(join(all, "package.json"), JSON.stringify({ name: "all", private: true, workspaces: ["*"] }));
  const { PLUGIN_TYPES } = await import("../../packages/create-plugin/src/plugin-types.ts");
  const made: [row: Row, folder: string][] = [];
  for (const type of Object.keys(PLUGIN_TYPES)) {
    const row: Row = { what: type, outcomes: [] };
    rows.push(row);
    if (await step(row, "create", async () => quiet(all, create(type, type)))) made.push([row, join(all, type)]);
  }
  const isInstalled = await step(made[0]![0], "install", async () => quiet(all, "npm install"));
  for (const [row, folder] of isInstalled ? made : []) await prove(row, folder);
} finally {
  await registry.stop();
  rmSync(temp, { recursive: true, force: true, maxRetries: 5 });
}

console.log(`\n${table()}\n`);
const outcomes = rows.flatMap((row) => row.outcomes);
const line = `templates: ${outcomes.filter((one) => one.ok).length} passed, ${outcomes.filter((one) => !one.ok).length} failed`;
console.log(line);
const summary = process.env["MLSTACK_SUMMARY"];
if (summary !== undefined) appendFileSync(summary, `${line}\n`);
process.exitCode = outcomes.every((one) => one.ok) ? 0 : 1;
