import { execFileSync, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { isWindows, root } from "../bootstrap/install.mjs";
import { isPublished, openRepo, type Manifest } from "../repo-check/repo.ts";

/** Where packages are published, and as whom. */
export interface PublishTo { readonly url: string; readonly token: string }

/** A package at the version that was published. */
export interface Released { readonly name: string; readonly version: string }

/** A copy of this workspace, in which versions are raised and packages published; nothing of the clone changes. */
export interface ReleaseWorkspace {
  /** Replaces a text of a file, which must be there. */
  edit(path: string, from: string, to: string): void;
  /** Adds a changeset. */
  changeset(name: string, bumps: Readonly<Record<string, "patch" | "minor">>, summary: string): void;
  /** What a release does: versions from the changesets, build, manifests, catalog, publish. @returns what is new in the registry */
  release(to: PublishTo, print: (line: string) => void): Promise<readonly Released[]>;
}

/**
 * Copies what is or may become part of a commit, and links what is installed: a release builds with the same tools.
 *
 * @param dir is made
 */
export function releaseWorkspace(dir: string): ReleaseWorkspace {
  const { files, workspaces } = openRepo(root);
  for (const file of files) cpSync(join(root, file), join(dir, file), { recursive: true });
  linkInstalled(dir, workspaces.map(({ folder, manifest }) => [manifest.name ?? "", folder] as const));
  // no signature is for a registry of this machine: only a CI service can make one
  for (const { folder } of workspaces.filter(isPublished)) {
    const path = join(dir, folder, "package.json");
    const manifest = JSON.parse(readFileSync(path, "utf8")) as Manifest;
    writeFileSync(path, `${JSON.stringify({ ...manifest, publishConfig: { access: "public" } }, null, 2)}\n`);
  }
  const settings = join(dir, "..", "npmrc-of-the-release");
  const git = (...args: readonly string[]): unknown => execFileSync("git", ["-c", "user.name=release", "-c", "user.email=release@example.org", "-c", "commit.gpgsign=false", ...args], { cwd: dir, stdio: "pipe" });
  git("init", "-q", "-b", "main");
  const commit = (message: string): void => { git("add", "-A"); git("commit", "-q", "--allow-empty", "-m", message); };
  commit("start");
  const versions = (): ReadonlyMap<string, string> => new Map(openRepo(dir).workspaces.filter(isPublished).map(({ manifest }) => [manifest.name ?? "", manifest.version ?? ""]));
  const published = new Map<string, string>();

  return {
    edit(path, from, to) {
      const file = join(dir, path);
      const before = readFileSync(file, "utf8");
      if (!before.includes(from)) throw new Error(`${path} does not hold ${from}`);
      writeFileSync(file, before.replace(from, to));
    },
    changeset(name, bumps, summary) {
      writeFileSync(join(dir, ".changeset", `${name}.md`), `---\n${Object.entries(bumps).map(([pkg, bump]) => `"${pkg}": ${bump}\n`).join("")}---\n\n${summary}\n`);
    },
    async release({ url, token }, print) {
      writeFileSync(settings, `registry=${url}\n//${new URL(url).host}/:_authToken=${token}\n`, { mode: 0o600 });
      const env = { ...withoutNpm(process.env), CI: "true", NO_COLOR: "1", NPM_CONFIG_USERCONFIG: settings, TURBO_TELEMETRY_DISABLED: "1" };
      const changesets = createRequire(import.meta.url).resolve("@changesets/cli/bin.js");
      const run = async (shown: string, program: string, args: readonly string[]): Promise<void> => {
        const at = performance.now();
        print(`$ ${shown}`);
        await quietly(program, args, dir, env);
        print(`  (${((performance.now() - at) / 1000).toFixed(0)} s)`);
      };
      commit("changesets");
      await run("changeset version", process.execPath, [changesets, "version"]);
      // some examples are plugins, whose manifests are compared with what is built
      await run("turbo run build", join(dir, "node_modules", ".bin", isWindows ? "turbo.cmd" : "turbo"), ["run", "build", "--filter=./packages/*", "--filter=./examples/*"]);
      await run("npm run manifest && npm run catalog", process.execPath, ["--eval", "", "--import", "./scripts/manifest.ts", "--import", "./scripts/catalog/main.ts"]);
      commit("versions");
      await run("changeset publish", process.execPath, [changesets, "publish"]);
      const now = versions();
      const fresh = [...now].filter(([name, version]) => published.get(name) !== version).map(([name, version]) => ({ name, version }));
      for (const [name, version] of now) published.set(name, version);
      return fresh;
    },
  };
}

/** A node_modules of links: those of the workspace lead into the copy, all others to what is installed. */
function linkInstalled(dir: string, workspaces: readonly (readonly [name: string, folder: string])[]): void {
  const link = (target: string, path: string): void => { mkdirSync(dirname(path), { recursive: true }); symlinkSync(target, path, "junction"); };
  const own = new Map(workspaces);
  const scopes = new Set([...own.keys()].filter((name) => name.startsWith("@")).map((name) => name.split("/")[0]!));
  for (const name of readdirSync(join(root, "node_modules"))) {
    if (!own.has(name) && !scopes.has(name)) link(join(root, "node_modules", name), join(dir, "node_modules", name));
  }
  for (const [name, folder] of own) {
    link(join(dir, folder), join(dir, "node_modules", name));
    if (existsSync(join(root, folder, "node_modules"))) link(join(root, folder, "node_modules"), join(dir, folder, "node_modules"));
  }
}

/** What the npm that started this says of itself would go before the settings of a folder. */
export function withoutNpm(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^npm_/i.test(name)));
}

async function quietly(program: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<void> {
  const child = spawn(program, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"], shell: isWindows });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => { output += text; });
  const code = await new Promise<number | null>((done, reject) => { child.once("error", reject).once("close", done); });
  if (code !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${String(code)}:\n${output.slice(-4000)}`);
}
