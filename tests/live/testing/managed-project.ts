import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, relative } from "node:path";
import { detectPackageManager, type PackageManager, type RunOptions } from "@mlstack/hub";
import { onTestFinished } from "vitest";
import { programFolder, type InstalledManager } from "../servers/package-managers.ts";

export interface ManagedProject {
  readonly dir: string;
  readonly env: NodeJS.ProcessEnv;
  /** What the manager has printed so far. */
  readonly lines: string[];
  manager(project?: string): Promise<PackageManager>;
  options(more?: Partial<RunOptions>): RunOptions;
  write(files: Readonly<Record<string, string>>): void;
  json(path: string): Readonly<Record<string, unknown>>;
  /** The files of the project that are neither in node_modules nor the manager's own, with their texts. */
  files(): Readonly<Record<string, string>>;
  /** Packages whose install script has run, and the inodes of what it left. */
  ran(): Readonly<Record<string, number>>;
}

/**
 * A project in a folder of its own, with a home of its own for the manager, whose settings name the registry.
 *
 * @param scripts packages whose install scripts the project's settings allow
 */
export async function managedProject(options: { readonly manager: InstalledManager; readonly registry: string; readonly files: Readonly<Record<string, string>>; readonly scripts?: readonly string[] }): Promise<ManagedProject> {
  const { manager, registry, files, scripts = [] } = options;
  const home = realpathSync.native(mkdtempSync(join(tmpdir(), "mlstack-live-managed-")));
  onTestFinished(() => { rmSync(home, { recursive: true, force: true, maxRetries: 5 }); });
  const dir = join(home, "project");
  const lines: string[] = [];
  const env: NodeJS.ProcessEnv = {
    PATH: [await programFolder(manager), dirname(process.execPath), "/usr/local/bin", "/usr/bin", "/bin"].join(delimiter), HOME: home, CI: "true", npm_config_user_agent: `${manager.program}/${manager.version}`, TMPDIR: process.env["TMPDIR"],
    npm_config_userconfig: join(home, ".npmrc"), npm_config_cache: join(home, ".npm"), YARN_CACHE_FOLDER: manager.id === "yarn 1" ? join(home, ".yarn-cache") : undefined, BUN_INSTALL: join(home, ".bun"),
    pnpm_config_fetch_retries: "0", BUN_CONFIG_HTTP_RETRY_COUNT: "0",
  };
  const write = (more: Readonly<Record<string, string>>): void => {
    for (const [path, text] of Object.entries(more)) {
      mkdirSync(dirname(join(dir, path)), { recursive: true });
      writeFileSync(join(dir, path), text);
    }
  };
  write({ ...settings(manager, registry, scripts), ...files });
  const policy = manager.program === "npm" ? { allowScripts: Object.fromEntries(scripts.map((name) => [name, true])) } : manager.program === "bun" ? { trustedDependencies: scripts } : {};
  const root = JSON.parse(readFileSync(join(dir, "package.json"), "utf8")) as object;
  write({ "package.json": `${JSON.stringify({ ...root, ...policy }, undefined, 2)}\n` });
  return {
    dir, env, lines, write,
    manager: (project = "") => detectPackageManager(join(dir, project), env),
    options: (more) => ({ offline: false, registry: undefined, signal: new AbortController().signal, output: (line) => { lines.push(line); }, ...more }),
    json: (path) => JSON.parse(readFileSync(join(dir, path), "utf8")) as Record<string, unknown>,
    files: () => Object.fromEntries(paths(dir, (name) => name !== "node_modules" && name !== ".yarn").map((path) => [relative(dir, path), readFileSync(path, "utf8")])),
    ran: () => Object.fromEntries(paths(dir, () => true).filter((path) => path.endsWith("ran.txt")).map((path) => [relative(join(dirname(path), ".."), dirname(path)), statSync(path).ino])),
  };
}

function settings({ program, id }: InstalledManager, registry: string, scripts: readonly string[]): Record<string, string> {
  const npmrc = { ".npmrc": `registry=${registry}\nfetch-retries=0\n` };
  switch (program) {
    case "npm": return npmrc;
    case "pnpm": return { ...npmrc, "pnpm-workspace.yaml": `onlyBuiltDependencies: ${JSON.stringify(scripts)}\nallowBuilds: ${JSON.stringify(Object.fromEntries(scripts.map((name) => [name, true])))}\n` };
    case "bun": return { "bunfig.toml": `[install]\nregistry = "${registry}"\n` };
    case "yarn": return id === "yarn 1" ? { ".yarnrc": `registry "${registry}"\n` } : {
      ".yarnrc.yml": `npmRegistryServer: "${registry}"\nunsafeHttpWhitelist: ["127.0.0.1"]\nnodeLinker: node-modules\nenableTelemetry: false\nhttpRetry: 0\nenableScripts: true\n`,
    };
  }
}

/** Files below a folder; links are not followed. */
function paths(folder: string, enters: (name: string) => boolean): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? (enters(entry.name) ? paths(path, enters) : []) : entry.isFile() ? [path] : [];
  });
}
