import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MlstackError } from "@mlstack/core/errors";
import { integrityOf, type Digest } from "../digest/index.ts";
import { failureOf } from "../package-manager/failures.ts";
import { detectPackageManager } from "../package-manager/open.ts";
import { runManager } from "../package-manager/run.ts";
import type { ManagerName } from "../package-manager/types.ts";
import { checkTarball } from "../tarball/check-tarball.ts";
import { filesDigest, type FileDigests } from "../tarball/files-digest.ts";
import type { DescribedPackage } from "../tarball/package-json.ts";
import { readTarball, type PackageFiles } from "../tarball/read-tarball.ts";

/** How a package manager's program is run here. */
export interface PublishRun {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** Gets each line that the program prints. */
  readonly output: (line: string) => void;
}

/** A package's tarball, and what was found in it. */
export interface PackedPackage {
  readonly bytes: Uint8Array;
  /** As package managers call it: `acme-mlstack-plugin-acme-1.0.0.tgz`. */
  readonly fileName: string;
  readonly described: DescribedPackage;
  /** By path. */
  readonly files: PackageFiles;
  readonly digests: FileDigests;
  /** `sha512-…`: what registries and locks of package managers have. */
  readonly integrity: string;
  /** Of the files, as mlstack.lock has it. */
  readonly digest: Digest;
  /** Which manager has packed it. */
  readonly manager: ManagerName;
}

/** Ranges that only the workspace's own manager can put a version in the place of. */
const OF_WORKSPACE = /^(?:workspace|catalog):/;

/**
 * Packs a package's folder as it is, and reads what came out. Scripts of it are not run: who packs has built before, and looks at that very build. npm packs, but where
 * ranges of a workspace have to become versions: that is known to the workspace's manager alone.
 *
 * @throws MLS8202 the tarball would not be safe to unpack; MLS8718 it names what no registry has; as a package manager at work
 */
export async function packFolder(dir: string, run: PublishRun): Promise<PackedPackage> {
  const packageJson = JSON.parse(readFileSync(join(dir, "package.json"), "utf8").replace(/^\uFEFF/, "")) as Readonly<Record<string, unknown>>;
  const manager = workspaceRangesOf(packageJson).length === 0 ? "npm" : (await detectPackageManager(dir, { ...run.env })).name;
  const into = realpathSync(mkdtempSync(join(tmpdir(), "mlstack-pack-")));
  try {
    await runTo(manager, argumentsOf(manager, into), dir, run);
    const made = readdirSync(into).filter((name) => name.endsWith(".tgz"));
    if (made.length !== 1) throw new MlstackError("MLS8304", `${manager} has packed ${made.length} tarballs, and one was expected`, { fix: `look at what it does: ${manager} pack`, details: { manager, tarballs: made } });
    return await packedPackage(readFileSync(join(into, made[0]!)), manager);
  } finally { rmSync(into, { recursive: true, force: true, maxRetries: 3 }); }
}

/**
 * Paths of which the folder no longer has the bytes that were packed, sorted; empty where all are the same. What a workspace's own manager has written itself is
 * left out: package.json with its ranges, and files of the workspace's root such as its licence.
 */
export function changedSincePacked(dir: string, { files, manager }: PackedPackage): readonly string[] {
  return [...files].filter(([path, packed]) => {
    const now = readIfThere(join(dir, path));
    if (manager !== "npm" && (path === "package.json" || (now === undefined && !path.includes("/")))) return false;
    return now === undefined || !now.equals(packed);
  }).map(([path]) => path).toSorted();
}

function readIfThere(path: string): Buffer | undefined {
  try { return readFileSync(path); } catch (e) {
    if (["ENOENT", "ENOTDIR", "EISDIR"].includes((e as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw e;
  }
}

/** Reads a tarball that was packed here. @throws MLS8202, MLS8718 */
async function packedPackage(bytes: Uint8Array, manager: ManagerName): Promise<PackedPackage> {
  const { package: described, files: digests } = await checkTarball(bytes, "the package", undefined);
  const files = await readTarball(bytes, "the package");
  const unknown = workspaceRangesOf(JSON.parse(Buffer.from(files.get("package.json")!).toString("utf8")) as Readonly<Record<string, unknown>>);
  if (unknown.length > 0) throw new MlstackError("MLS8718", `the tarball of ${described.name} names what no registry has: ${unknown.join(", ")}`, { why: `${manager} has left the ranges of the workspace as they are`, fix: "write ranges of versions into package.json" });
  return { bytes, fileName: `${described.name.replace(/^@/, "").replace("/", "-")}-${described.version}.tgz`, described, files, digests, integrity: integrityOf(bytes), digest: filesDigest(digests), manager };
}

function workspaceRangesOf(packageJson: Readonly<Record<string, unknown>>): readonly string[] {
  return ["dependencies", "optionalDependencies", "peerDependencies"].flatMap((field) => Object.entries((packageJson[field] ?? {}) as Readonly<Record<string, unknown>>).filter(([, range]) => typeof range === "string" && OF_WORKSPACE.test(range)).map(([name, range]) => `${name} ${String(range)}`));
}

function argumentsOf(manager: ManagerName, into: string): readonly string[] {
  switch (manager) {
    case "npm": return ["pack", "--ignore-scripts", `--pack-destination=${into}`, "--no-update-notifier"];
    case "pnpm": return ["pack", `--pack-destination=${into}`, "--config.ignoreScripts=true"];
    case "yarn": return ["pack", "--out", join(into, "package.tgz")];
    case "bun": return ["pm", "pack", `--destination=${into}`, "--ignore-scripts"];
  }
}

/** Runs a program to its end. @throws as a package manager at work */
export async function runTo(manager: ManagerName, args: readonly string[], cwd: string, { env, signal, output }: PublishRun): Promise<void> {
  const outcome = await runManager(manager, args, { cwd, env, signal, output });
  if (outcome.notStarted !== undefined) throw new MlstackError("MLS8301", `${manager} can't be started (${outcome.notStarted})`, { why: "it packs and publishes", fix: `install ${manager}, or put it on the PATH` });
  if (outcome.exitCode === 0) return;
  // what is shown of a command has no path of a temporary folder
  throw failureOf({ manager, command: `${manager} ${args.filter((arg) => !arg.startsWith("-") && !arg.startsWith("/")).join(" ")}`, lines: outcome.lines, exitCode: outcome.exitCode, endedBy: outcome.endedBy, remake: `${manager} install` });
}
