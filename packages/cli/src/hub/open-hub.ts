import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { MlstackError } from "@mlstack/core/errors";
import { integrationPolicy, stateDirOf, type Project } from "@mlstack/engine/project-files";
import type { PackageManager, PlanContext, ProjectChange, Registry } from "@mlstack/hub";
import { folderOf, projectOf } from "../commands/folder.ts";
import { printError } from "../ui/errors.ts";
import { interruptible } from "../ui/interrupt.ts";
import { stderr, writeJsonError, type GlobalFlags } from "../ui/output.ts";
import { printable } from "../ui/terminal.ts";
import { cacheDirOf } from "./cache-dir.ts";
import { ownCatalog } from "./catalog.ts";
import { waiting, type Waiting } from "./waiting.ts";

/** The flags of every command that may reach a registry. */
export interface HubFlags extends GlobalFlags {
  readonly offline?: boolean;
  /** Goes before the default registry of npm's settings. */
  readonly registry?: string;
  /** Integrations, packages and scopes that need not wait until they are a day old. */
  readonly allowFresh?: readonly string[];
}

/** What the commands of a project's integrations work with. */
export interface Hub {
  readonly hub: typeof import("@mlstack/hub");
  readonly project: Project;
  readonly manager: PackageManager;
  readonly registry: Registry;
  readonly context: PlanContext;
  readonly change: ProjectChange;
  /** Who is at work, on the screen. */
  readonly waiting: Waiting;
  /** Whether versions are let in by hand that are too new. */
  readonly fresh: boolean;
  readonly warnings: string[];
}

/** How a project is opened. */
export interface OpenOptions {
  /** Takes back first what a killed process has left half done; without it that is only said. */
  readonly writes: boolean;
  /** Goes on without an mlstack.lock that can't be read, and says so: for what brings another one. */
  readonly anyLock?: boolean;
}

/**
 * Opens what a command of a project's integrations works with, for as long as `work` takes. Ctrl-C stops it in order, and ends with 130; SIGTERM with 143.
 *
 * @throws as `checkPackageJson`; MLS8301; MLS8106; MLS8205, MLS8206
 */
export async function withHub(flags: HubFlags, options: OpenOptions, work: (hub: Hub) => Promise<void>): Promise<void> {
  const t = stderr(flags);
  const interrupt = interruptible((line) => { t.line(line); });
  try { await work(await open(flags, options, interrupt.signal)); } catch (thrown) {
    // waiting for another process ends with the signal's own reason
    const e = interrupt.signal.aborted && thrown === interrupt.signal.reason ? new MlstackError("MLS4003", "interrupted", { cause: thrown }) : thrown;
    if (!interrupt.signal.aborted || !MlstackError.is(e, "MLS4003")) throw e;
    // SIGTERM has an exit code of its own
    if (flags.json === true) writeJsonError(e, undefined, interrupt.exitCode); else printError(e, t, flags);
    process.exitCode = interrupt.exitCode;
  } finally { interrupt.release(); }
}

async function open(flags: HubFlags, { writes, anyLock = false }: OpenOptions, signal: AbortSignal): Promise<Hub> {
  const project = projectOf(flags);
  const [hub, { catalog, offline }] = await Promise.all([import("@mlstack/hub"), ownCatalog()]);
  const place = await hub.changePlace(project.dir, (dir) => stateDirOf(dir, process.env));
  if (writes) await hub.recoverFiles(place, signal);
  const begun = hub.pendingChange(place.stateDir);
  try { checkPackageJson(project.dir); } catch (e) {
    // package managers write it in place: who only reads may meet it cut short
    if (begun === undefined || !MlstackError.is(e, "MLS7004")) throw e;
    throw new MlstackError("MLS8502", `package.json can't be read while a change of the plugins is going on, or was interrupted: ${hub.changeName(begun)}`, { why: e.message, fix: "wait for it; after a kill: mlstack integration install", cause: e });
  }
  const warnings: string[] = [];
  const t = stderr(flags);
  const wait = waiting(flags);
  signal.addEventListener("abort", () => { wait.ends(); });
  const manager = await hub.detectPackageManager(project.dir, process.env);
  const registry = await openProjectRegistry(flags, project.dir, signal);
  const change: ProjectChange = {
    projectDir: manager.projectDir, stateDir: place.stateDir, manager, offline: flags.offline === true, shelf: registry.shelf, registryUrl: flags.registry, signal, now: Date.now,
    output: (line) => { if (flags.verbose === true) t.line(t.style(printable(line), "dim")); },
    recovered: (what) => { warnings.push(`a change was interrupted, and was taken back: ${what}`); },
    takesBack: (what, isReached) => { wait.begins(`taking back: ${what}${isReached ? "" : ", with what is on this machine: nothing is fetched for it"}`); },
    left: (problem) => { t.line(`what is installed was not brought back: ${printable(problem instanceof Error ? problem.message : String(problem))}. The next change does it: mlstack integration install`); },
  };
  // what is read below must be what is there afterwards
  if (writes) {
    // this program may lie among what is installed anew
    await Promise.all([hub.preload(), import("../ui/errors.ts"), import("../program/bug-report.ts")]);
    try { await hub.recoverProject(change); } finally { wait.ends(); }
  }
  const pending = hub.pendingChange(place.stateDir);
  if (pending !== undefined) warnings.push(`a change is going on, or was interrupted: ${hub.changeName(pending)}`);
  const [lock, policy, installed] = await Promise.all([
    hub.readLock(project.dir).catch((e: unknown) => {
      if (!anyLock || !MlstackError.is(e)) throw e;
      warnings.push(e.message);
      return undefined;
    }), integrationPolicy(project.dir), hub.installedPlugins(project.dir),
  ]);
  const named = packagesCalled(offline, catalog, flags.allowFresh);
  const context: PlanContext = {
    catalog, registry, lock, installed, coreVersion: coreVersion(), nodeVersion: process.versions.node, now: new Date(), cwd: folderOf(flags), rootDir: manager.rootDir,
    policy: { ...policy, allowFresh: [...policy.allowFresh ?? [], ...named] },
  };
  return { hub, project, manager, registry, context, change, waiting: wait, fresh: named.length > 0 || (policy.allowFresh ?? []).length > 0, warnings };
}

/**
 * That a project can have dependencies. Package managers say nothing of a package.json that is no object: what is installed is of nobody then, and npm removes it.
 *
 * @throws MLS7002 where there is no package.json, MLS7004 where it is none
 */
export function checkPackageJson(dir: string): void {
  const path = join(dir, "package.json");
  if (!existsSync(path)) throw new MlstackError("MLS7002", `${dir} has no package.json`, { why: "integrations are dependencies of a project", fix: "npm init -y, or name the project's folder: --cwd FOLDER" });
  let found: unknown;
  let problem = "it is no object";
  try { found = JSON.parse(readFileSync(path, "utf8").replace(/^\uFEFF/, "")); } catch (e) { problem = e instanceof SyntaxError ? e.message : `it can't be read (${(e as NodeJS.ErrnoException).code ?? ""})`; }
  if (typeof found === "object" && found !== null && !Array.isArray(found)) return;
  throw new MlstackError("MLS7004", `${path} is no valid package.json: ${problem}`, { why: "integrations are dependencies of a project; nothing was changed", fix: "mend it, or take it back from version control" });
}

/** The one object through which a command reaches registries. Asks nobody yet. @throws MLS8106 */
export async function openProjectRegistry(flags: HubFlags, projectDir: string, signal?: AbortSignal): Promise<Registry> {
  const { openRegistry } = await import("@mlstack/hub");
  return openRegistry({ projectDir, env: process.env, registry: flags.registry, offline: flags.offline === true, cacheDir: cacheDirOf(process.env), signal });
}

/** The packages that are meant by names, aliases and packages. */
export function packagesCalled({ expand }: Pick<typeof import("@mlstack/hub"), "expand">, catalog: PlanContext["catalog"], names: readonly string[] = []): readonly string[] {
  return names.flatMap((name) => {
    const found = expand(catalog, name);
    return "unknown" in found ? [name] : found.available.map((i) => i.package);
  });
}

function coreVersion(): string {
  return (createRequire(import.meta.url)("@mlstack/core/package.json") as { readonly version: string }).version;
}
