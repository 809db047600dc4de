import { execFile, spawn, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, realpathSync, symlinkSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { expect } from "vitest";
import type { InstalledManager } from "../servers/package-managers.ts";
import { managedProject, type ManagedProject } from "./managed-project.ts";

const root = join(import.meta.dirname, "..", "..", "..");
const BIN = join(root, "packages", "cli", "bin", "mlstack.js");

export interface Outcome { readonly code: number | null; readonly stdout: string; readonly stderr: string }
/** A document of `--json`. */
export interface Answer { readonly data: unknown; readonly warnings: readonly string[]; readonly error?: { readonly code: string; readonly message: string; readonly why?: string; readonly fix?: string } }

/** A user's project under one of the package managers, and the built CLI in it. */
export interface HubProject extends ManagedProject {
  /** @param cwd from the project's folder */
  mlstack(args: readonly string[], cwd?: string): Promise<Outcome>;
  /** The same with `--json`. */
  answer(args: readonly string[], cwd?: string): Promise<Answer & { readonly code: number | null }>;
  /** The data of a command that is to succeed. */
  data(args: readonly string[], cwd?: string): Promise<unknown>;
  /** Exit code and error code of one that is not. */
  refusal(args: readonly string[], cwd?: string): Promise<readonly [number | null, string | undefined]>;
  /** @param cwd from the project's folder */
  start(args: readonly string[], cwd?: string): ChildProcess;
  text(path: string): string | undefined;
  /**
   * The version that is installed, as Node finds it.
   *
   * @param from the folder of who asks, from the project's
   */
  installed(name: string, from?: string): string | undefined;
}

/**
 * The project's own packages are those of this clone: they lie in the folder above it, where Node finds them and no package manager clears up.
 */
export async function hubProject(options: { readonly manager: InstalledManager; readonly registry: string; readonly files: Readonly<Record<string, string>> }): Promise<HubProject> {
  const { manager, registry, files } = options;
  const p = await managedProject({ manager, registry, files: { ".npmrc": `registry=${registry}\nfetch-retries=0\n`, "mlstack.yaml": POLICY, ...files } });
  const above = join(p.dir, "..", "node_modules");
  const targets = { mlstack: "packages/cli", "@mlstack/core": "packages/core", "@mlstack/engine": "packages/engine", "@mlstack/pipeline": "packages/pipeline", zod: "node_modules/zod" };
  for (const [name, target] of Object.entries(targets)) {
    mkdirSync(dirname(join(above, name)), { recursive: true });
    symlinkSync(join(root, target), join(above, name), "junction");
  }
  const env = { ...p.env, NO_COLOR: "1", MLSTACK_KEYCHAIN: "off", MLSTACK_CACHE_DIR: join(p.dir, "..", "cache") };
  const mlstack = (args: readonly string[], cwd = ""): Promise<Outcome> => new Promise((done) => {
    const child = execFile(process.execPath, [BIN, ...args], { cwd: join(p.dir, cwd), env, maxBuffer: 64 << 20 }, (_, stdout, stderr) => { done({ code: child.exitCode, stdout, stderr }); });
    child.stdin?.end();
  });
  const answer = async (args: readonly string[], cwd?: string): Promise<Answer & { readonly code: number | null }> => {
    const { code, stdout, stderr } = await mlstack([...args, "--json"], cwd);
    let found: Answer;
    try { found = JSON.parse(stdout) as Answer; } catch { throw new Error(`${args.join(" ")}: not JSON (exit ${code})\n${stdout}\n${stderr}`); }
    return { code, data: found.data, warnings: found.warnings, ...(found.error !== undefined && { error: found.error }) };
  };
  return {
    ...p, env, mlstack, answer,
    async data(args, cwd) {
      const { code, data, error } = await answer(args, cwd);
      expect(code, `${args.join(" ")}: ${JSON.stringify(error, undefined, 2)}`).toBe(0);
      return data;
    },
    async refusal(args, cwd) {
      const { code, error } = await answer(args, cwd);
      return [code, error?.code];
    },
    start: (args, cwd = "") => spawn(process.execPath, [BIN, ...args], { cwd: join(p.dir, cwd), env, stdio: "ignore" }),
    text(path) { try { return readFileSync(join(p.dir, path), "utf8"); } catch { return undefined; } },
    installed(name, from = "") {
      if (!existsSync(join(p.dir, from))) return undefined;
      for (let at = realpathSync(join(p.dir, from)); at.startsWith(p.dir); at = dirname(at)) {
        try { return (JSON.parse(readFileSync(join(at, "node_modules", name, "package.json"), "utf8")) as { readonly version: string }).version; } catch { /* further up */ }
      }
      return undefined;
    },
  };
}

/** A pipeline of one step, and a stack with the tracker of theirs. */
export const PIPELINE = {
  "pipeline.mjs": `import { json, pipeline, step } from "mlstack";
import { z } from "zod";
export const count = step({ name: "count", cache: false, output: json(z.number()), run: ({ tracker }) => { tracker.logMetric("n", 3); return 3; } });
export const tiny = pipeline({ name: "tiny", build: () => { count(); } });
`,
  "stacks/noted.yaml": "components:\n  artifact_store: { type: local, name: store }\n  orchestrator: { type: local, name: here }\n  experiment_tracker: { type: acme, name: tracker }\n",
};

/** All that is published here is minutes old. */
export const POLICY = 'integrations:\n  allow_fresh: ["@acme", "@mlstack"]\n';

/** All files below a folder with the digests of their bytes, and all links with where they lead. */
export function everything(folder: string, leaves: (path: string) => boolean = () => false): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  const walk = (dir: string): void => {
    for (const name of readdirSync(dir).sort()) {
      const path = join(dir, name);
      const shown = relative(folder, path).split(sep).join("/");
      if (leaves(shown)) continue;
      const stat = lstatSync(path);
      if (stat.isDirectory()) walk(path);
      else found[shown] = stat.isSymbolicLink() ? `-> ${readlinkSync(path)}` : createHash("sha256").update(readFileSync(path)).digest("hex");
    }
  };
  walk(folder);
  return found;
}

/** All files of the packages that are installed; what managers note for themselves, and what pnpm keeps of packages that nothing leads to, is left aside. */
export function installedFiles(folder: string): Readonly<Record<string, string>> {
  if (!existsSync(folder)) return {};
  const all = everything(folder, (path) => /(?:^|\/)\.(?!pnpm$)[^/]*$|^\.pnpm\/(?:lock\.yaml|node_modules)$/.test(path));
  const of = (path: string): string => /^\.pnpm\/[^/]+/.exec(path)?.[0] ?? "";
  const reached = new Set([""]);
  // a Set hands out what is added while it is walked
  for (const each of reached) {
    for (const [path, found] of Object.entries(all)) if (found.startsWith("-> ") && of(path) === each) reached.add(of(join(dirname(path), found.slice(3)).split(sep).join("/")));
  }
  return Object.fromEntries(Object.entries(all).filter(([path]) => reached.has(of(path))));
}
