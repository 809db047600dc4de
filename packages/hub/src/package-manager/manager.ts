import { existsSync, statSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { MlstackError } from "@mlstack/core/errors";
import { COMMANDS, joined, specOf, type Command, type Flavor } from "./commands.ts";
import { failureOf } from "./failures.ts";
import { installedIn } from "./installed.ts";
import { lockSource } from "./lock-source.ts";
import { everythingAsked, unreadableLock, type Lock } from "./locks/lock.ts";
import { readLock } from "./locks/read.ts";
import { allMadeAnew, madeAnew } from "./made-anew.ts";
import { runManager, type Outcome } from "./run.ts";
import { subtreeOf } from "./subtree.ts";
import { isOnShelf, withShelf, type Needed } from "./shelf-run.ts";
import type { AddedPackage, FetchedPackage, PackageManager, RunOptions, Subtree } from "./types.ts";
import { manifestIn, workspaceFolders } from "./workspace.ts";
import { berrySetting } from "./yarn-settings.ts";

export interface ManagerOptions {
  readonly flavor: Flavor;
  readonly projectDir: string;
  readonly rootDir: string;
  readonly lockFile: string;
  /** The version that package.json names. */
  readonly wanted: string | undefined;
  readonly env: NodeJS.ProcessEnv;
}

/** A file that a manager writes when it has installed something. bun writes none. */
const MARKS: Readonly<Record<Flavor, string>> = { npm: ".package-lock.json", pnpm: ".modules.yaml", "yarn-classic": ".yarn-integrity", "yarn-berry": ".yarn-state.yml", bun: "." };
/** Lock and mark are written by one command, in no certain order. */
const TOGETHER_MS = 5000;

export function packageManager(options: ManagerOptions): PackageManager {
  const { flavor, projectDir, rootDir, lockFile, wanted, env } = options;
  const commands = COMMANDS[flavor];
  const name = commands.program;
  let asked: Promise<string> | undefined;

  const askVersion = async (): Promise<string> => {
    const { lines, exitCode, notStarted, endedBy } = await runManager(name, ["--version"], { cwd: projectDir, env, signal: new AbortController().signal, output: () => undefined });
    if (notStarted !== undefined) throw notInstalled(options, notStarted);
    const version = lines.map((line) => /^v?(\d+\.\d+\.\d+\S*)$/.exec(line.trim())?.[1]).find((found) => found !== undefined);
    if (exitCode !== 0 || version === undefined) throw failureOf({ manager: name, command: `${name} --version`, lines, exitCode, endedBy, remake: commands.remake });
    return version;
  };
  const version = (): Promise<string> => (asked ??= askVersion());

  /** A yarn of the other kind would write the lock anew in its own form, so it is asked before anything is done with it. */
  async function checkKind(): Promise<void> {
    if (name !== "yarn") return;
    const found = await version();
    if ((Number.parseInt(found, 10) > 1) === (flavor === "yarn-berry")) return;
    throw new MlstackError("MLS8301", `the project uses yarn ${wanted ?? (flavor === "yarn-berry" ? "2 or newer" : "1")}, and the yarn that is installed is ${found}`, {
      why: "it would write the lock in another form", fix: wanted === undefined ? "corepack enable, and name the version in package.json: \"packageManager\"" : "corepack enable", details: { manager: name, wanted: wanted ?? null, found },
    });
  }
  async function run(what: Command, cwd: string, given: RunOptions, added: readonly AddedPackage[] = []): Promise<Outcome> {
    const needed: Needed = { lockFile, added, packages: () => readPackages(options), asked: namesAsked(rootDir, projectDir) };
    if (given.offline && given.shelf !== undefined && await isOnShelf(given.shelf, needed)) return withShelf(given.shelf, flavor, commands, needed, (where) => launch(joined(what, where), cwd, given));
    return launch(joined(what, commands.where(given)), cwd, given);
  }
  async function launch({ args, env: more }: Command, cwd: string, given: RunOptions): Promise<Outcome> {
    const outcome = await runManager(name, args, { cwd, env: { ...env, ...more }, signal: given.signal, output: given.output, started: given.started });
    if (outcome.notStarted !== undefined) throw notInstalled(options, outcome.notStarted);
    if (outcome.exitCode === 0) return outcome;
    throw failureOf({ manager: name, command: [name, ...args].join(" "), lines: outcome.lines, exitCode: outcome.exitCode, endedBy: outcome.endedBy, remake: commands.remake });
  }
  /** What is not installed yet would be installed along with what is added, and its scripts left out with those. */
  async function installFirst(given: RunOptions): Promise<void> {
    if (!isInstalled(options)) await run(commands.install(false, true), rootDir, given);
  }
  return {
    name, projectDir, rootDir, lockFile, version,
    inPackage: (dir) => packageManager({ ...options, projectDir: dir }),
    // pnpm notes there which fresh versions were asked for, and catalogs
    files: [join(projectDir, "package.json"), lockFile, ...(name === "pnpm" ? [join(rootDir, "pnpm-workspace.yaml")] : [])],
    async add(packages: readonly AddedPackage[], given) {
      if (packages.length === 0) return;
      await checkKind();
      await installFirst(given);
      const fresh = given.fresh === true && berrySetting("npmMinimalAgeGate", projectDir, env) === undefined;
      await run(commands.add(packages.map((each) => specOf(each, commands, projectDir)), fresh), projectDir, given, packages);
    },
    async remove(names, given) {
      if (names.length === 0) return;
      await checkKind();
      await installFirst(given);
      await run(commands.remove(names), projectDir, given);
    },
    async install(given) {
      await checkKind();
      if (given.frozen) await refuseWhatIsOverlooked(options);
      const modules = join(rootDir, "node_modules");
      const work = async (): Promise<void> => {
        const [check, inPlace] = given.frozen && existsSync(modules) ? commands.overInstalled ?? [] : [];
        if (check !== undefined) await run(check, rootDir, { ...given, output: () => undefined });
        await run(inPlace ?? commands.install(given.frozen, false), rootDir, given);
      };
      if (given.anew === "all") await allMadeAnew((await workspaceFolders(rootDir, projectDir)).map((folder) => join(folder, "node_modules")), work);
      else await madeAnew(modules, given.anew ?? [], commands.notes, work);
    },
    subtree: (wantedName) => readSubtree(wantedName, options),
    packages: () => readPackages(options),
  };
}

async function readSubtree(wantedName: string, options: Pick<ManagerOptions, "flavor" | "lockFile" | "rootDir" | "projectDir">): Promise<Subtree> {
  const { lockFile, projectDir, flavor } = options;
  return subtreeOf(wantedName, { lock: await openLock(options), lockFile, remake: COMMANDS[flavor].remake, installed: installedIn(projectDir) });
}

async function readPackages(options: Pick<ManagerOptions, "flavor" | "lockFile" | "rootDir" | "projectDir">): Promise<readonly FetchedPackage[]> {
  const once = new Map((await openLock(options)).fetched().map((each) => [[each.name, each.version, each.from].join("\n"), each]));
  return [...once].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, each]) => each);
}

async function openLock({ flavor, lockFile, rootDir, projectDir }: Pick<ManagerOptions, "flavor" | "lockFile" | "rootDir" | "projectDir">): Promise<Lock> {
  const { program, remake } = COMMANDS[flavor];
  if (lockFile.endsWith(".lockb")) throw unreadableLock(lockFile, "bun's binary lock can't be read here", "bun install --save-text-lockfile --frozen-lockfile --lockfile-only, and remove bun.lockb");
  return readLock(program, await lockSource({ lockFile, rootDir, projectDir, remake, members: flavor === "yarn-classic" }));
}

/**
 * What managers let through: bun installs without any lock, and in a workspace npm, bun and yarn 1 take a lock for complete that lacks what a
 * package of it, whichever, depends on. pnpm and berry look themselves.
 *
 * @throws MLS8302
 */
async function refuseWhatIsOverlooked({ flavor, lockFile, rootDir, projectDir }: ManagerOptions): Promise<void> {
  const { program, remake } = COMMANDS[flavor];
  const parts = { why: "what is installed must be what was locked", fix: `${remake}, and commit the lock` };
  if (!existsSync(lockFile)) throw new MlstackError("MLS8302", `there is no lock of ${program}'s: ${lockFile}`, { ...parts, details: { manager: program, lock: lockFile } });
  if (flavor === "pnpm" || flavor === "yarn-berry" || lockFile.endsWith(".lockb")) return;
  const source = await lockSource({ lockFile, rootDir, projectDir, remake, members: flavor === "yarn-classic" });
  for (const folder of await workspaceFolders(rootDir, projectDir)) {
    const project = relative(rootDir, folder).split(sep).join("/");
    const lock = readLock(program, { ...source, project });
    if (lock.hasProject === false) throw new MlstackError("MLS8302", `${program}'s lock does not have ${project}, which is in the workspace`, { ...parts, details: { manager: program, differing: [project] } });
    const wanted = everythingAsked(source.manifest(project));
    const locked = lock.asked ?? Object.fromEntries(Object.entries(wanted).filter(([name]) => lock.direct(name) !== undefined));
    const differing = Object.keys({ ...wanted, ...locked }).filter((name) => wanted[name] !== locked[name]).sort();
    const file = folder === projectDir ? "package.json" : project === "" ? "the workspace's package.json" : `${project}/package.json`;
    if (differing.length > 0) throw new MlstackError("MLS8302", `${program}'s lock does not fit ${file}: ${differing.join(", ")}`, { ...parts, details: { manager: program, differing } });
  }
}

function isInstalled({ flavor, rootDir, projectDir, lockFile }: ManagerOptions): boolean {
  const mark = timeOf(join(rootDir, "node_modules", MARKS[flavor]));
  const lock = timeOf(lockFile);
  if (mark === undefined) return lock === undefined && ![rootDir, projectDir].some(dependsOnSomething);
  return flavor === "bun" || lock === undefined || lock <= mark + TOGETHER_MS;
}

function dependsOnSomething(folder: string): boolean {
  return Object.keys(everythingAsked(manifestIn(folder))).length > 0;
}

/** What package.json asks of registries: what it names by version, range or tag. */
function namesAsked(...folders: readonly string[]): readonly string[] {
  const all = folders.flatMap((folder) => Object.entries(everythingAsked(manifestIn(folder))));
  return [...new Set(all.filter(([, range]) => !/[/:]/.test(range)).map(([name]) => name))];
}

/** When a file was changed, in milliseconds. */
function timeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs;
}

function notInstalled({ flavor, wanted, projectDir }: ManagerOptions, reason: string): MlstackError {
  const { program } = COMMANDS[flavor];
  const called = `${program}${wanted === undefined ? "" : ` ${wanted}`}`;
  if (!existsSync(projectDir)) return new MlstackError("MLS8301", `there is no folder ${projectDir}`, { fix: "correct the path", details: { manager: program, folder: dirname(projectDir) } });
  const fix = program === "npm" ? "install Node with npm" : program === "bun" ? "npm install --global bun" : flavor === "yarn-berry" ? "npm install --global corepack, then: corepack enable" : `npm install --global ${program}${wanted === undefined ? "" : `@${wanted}`}`;
  return new MlstackError("MLS8301", `${called} is not installed`, { why: reason === "ENOENT" ? "the project uses it, and no folder of PATH has it" : `the project uses it, and it can't be started (${reason})`, fix, details: { manager: program, wanted: wanted ?? null, reason } });
}
