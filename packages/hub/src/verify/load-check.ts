import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { PluginPackage } from "@mlstack/core";
import type { MlstackError } from "@mlstack/core/errors";
import { canonicalJson, sha256, type Digest } from "../digest/digest.ts";
import { writeFileAtomic } from "../files/write-file-atomic.ts";
import { LOCK_FILE, parseLock, type Lock } from "../lock/lock.ts";
import { isCounted } from "../tarball/files-digest.ts";
import { placeProblem, verifyInstalled } from "./verify-installed.ts";

export interface LoadCheckOptions {
  readonly projectDir: string;
  /** Where it is remembered what has been compared: in the project's state folder. It only saves time, and is not safe from who may write there. */
  readonly indexFile: string;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** Compares integrations with the lock when they are loaded. */
export interface LoadCheck {
  /** @returns what forbids loading it (MLS8204, MLS8207, MLS8208); undefined where nothing does */
  check(pkg: PluginPackage): Promise<MlstackError | undefined>;
}

/** Path below the package (folders end in a slash), size, times of change in milliseconds, inode. Numbers, for comparing has to be fast. */
type State = readonly [path: string, size: number, mtimeMs: number, ctimeMs: number, ino: number];
interface IndexEntry { readonly dir: string; readonly locked: Digest; readonly states: readonly State[] }
interface Index { readonly v: 1; lock: Digest; readonly plugins: Record<string, IndexEntry> }

/** Times are rounded, on some systems to two seconds: what was changed a moment ago may be changed again and look the same. */
const SETTLED_MS = 2500;

/**
 * What nothing runs or reads while an integration is at work, and what most of its files are: looking at them all would take as long again as
 * everything else. They count when files are read, and for `verify`. TypeScript is among it where the entry is none: Node does not run it in
 * node_modules.
 */
const INERT = /\.(?:map|md|d\.[mc]?ts)$|(?:^|\/)(?:LICENSE|NOTICE)[^/]*$/;
const TYPESCRIPT = /\.[mc]?tsx?$/;

/**
 * What every command that loads an integration asks. Files are looked at, not read, as long as their sizes, times and inodes are those under
 * which they were read and found right; a folder's own time tells that something was added. The change time is among them because it can't be
 * set back. Where they differ all of the integration's files are read again.
 *
 * @returns undefined in a project without a lock, where nothing is pinned
 * @throws MLS8205, MLS8206 a lock that can't be read
 */
export async function openLoadCheck({ projectDir, indexFile, now = Date.now }: LoadCheckOptions): Promise<LoadCheck | undefined> {
  let text: string;
  try { text = readFileSync(join(projectDir, LOCK_FILE), "utf8"); } catch (e) {
    if ((e as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw e;
  }
  const digest = sha256(text);
  const index = readIndex(indexFile);
  let lock: Lock | undefined;
  const locked = (): Lock => lock ??= parseLock(text);
  if (index.lock !== digest) {
    const current = locked();
    const known = Object.entries(index.plugins);
    for (const [name, entry] of known) if (entry.locked !== entryDigest(current, name)) delete index.plugins[name];
    index.lock = digest;
    if (known.length > 0) await writeIndex(indexFile, index);
  }

  async function read(pkg: PluginPackage): Promise<MlstackError | undefined> {
    const before = statesOf(pkg);
    const problem = await verifyInstalled(pkg.name, locked().plugins[pkg.name], pkg);
    if (problem !== undefined) delete index.plugins[pkg.name];
    else if (before !== undefined && before.every(([, , mtime, ctime]) => Math.max(mtime, ctime) < now() - SETTLED_MS)) index.plugins[pkg.name] = { dir: pkg.dir, locked: entryDigest(locked(), pkg.name), states: before };
    else return undefined;
    await writeIndex(indexFile, index);
    return problem;
  }

  return {
    async check(pkg) {
      if (pkg.source === "built-in") return undefined;
      const known = index.plugins[pkg.name];
      if (known !== undefined && known.dir === pkg.dir && pkg.source === "installed" && known.states.every((state) => isSame(pkg.dir, state))) return undefined;
      const entry = locked().plugins[pkg.name];
      // the source of a folder changes as it is worked on
      if (entry?.source === "workspace" || entry === undefined) return placeProblem(pkg.name, entry, pkg);
      return read(pkg);
    },
  };
}

const entryDigest = (lock: Lock, name: string): Digest => sha256(canonicalJson(lock.plugins[name] ?? null));

function isSame(dir: string, [path, size, mtimeMs, ctimeMs, ino]: State): boolean {
  const found = lstatSync(`${dir}/${path}`, { throwIfNoEntry: false });
  return found !== undefined && found.size === size && found.ctimeMs === ctimeMs && found.mtimeMs === mtimeMs && found.ino === ino && found.isDirectory() === (path === "" || path.endsWith("/"));
}

/** Of all folders, and of files that may be run or read; undefined where something vanishes meanwhile. */
function statesOf({ dir, manifest }: PluginPackage): readonly State[] | undefined {
  const { entry } = (typeof manifest === "object" && manifest !== null ? manifest : {}) as { readonly entry?: unknown };
  const isInert = (path: string): boolean => INERT.test(path) || (!TYPESCRIPT.test(String(entry)) && TYPESCRIPT.test(path));
  const states: State[] = [];
  const look = (path: string): void => {
    const { size, mtimeMs, ctimeMs, ino } = lstatSync(`${dir}/${path}`);
    states.push([path, size, mtimeMs, ctimeMs, ino]);
  };
  const walk = (under: string): void => {
    look(under);
    for (const entry of readdirSync(`${dir}/${under}`, { withFileTypes: true })) {
      const path = `${under}${entry.name}`;
      if (!isCounted(path)) continue;
      if (entry.isDirectory()) walk(`${path}/`);
      else if (!isInert(path)) look(path);
    }
  };
  try { walk(""); } catch { return undefined; }
  return states;
}

function readIndex(path: string): Index {
  try {
    const index = JSON.parse(readFileSync(path, "utf8")) as Index;
    if (index.v === 1 && typeof index.plugins === "object") return index;
  } catch { /* it is made anew */ }
  return { v: 1, lock: sha256(""), plugins: {} };
}

async function writeIndex(path: string, index: Index): Promise<void> {
  // where there is no state folder, or none that can be written, files are read each time
  await writeFileAtomic(path, JSON.stringify(index), { durable: false }).catch(() => undefined);
}
