import { existsSync, readFileSync, realpathSync } from "node:fs";
import { basename, join } from "node:path";
import { MlstackError } from "@mlstack/core/errors";
import { detect as readFields } from "package-manager-detector";
import { isBerryLock } from "./locks/yarn.ts";
import { packageManager } from "./manager.ts";
import type { ManagerName, PackageManager } from "./types.ts";
import { workspaceRoot } from "./workspace.ts";
import { refuseOtherLinkers } from "./yarn-settings.ts";

/** Lock files by manager: the one that is made, and others, which go first where they are there. */
const LOCK_FILES: Readonly<Record<ManagerName, readonly [made: string, ...others: string[]]>> = {
  npm: ["package-lock.json", "npm-shrinkwrap.json"],
  pnpm: ["pnpm-lock.yaml"],
  yarn: ["yarn.lock"],
  bun: ["bun.lock", "bun.lockb"],
};
const NAMES = Object.keys(LOCK_FILES) as ManagerName[];

/** `detectPackageManager`, in the part that is loaded when it is first called. */
export async function detect(projectDir: string, env: NodeJS.ProcessEnv): Promise<PackageManager> {
  const project = realpathSync.native(projectDir);
  const rootDir = workspaceRoot(project);
  const { name, version } = await named(rootDir) ?? { name: lockOwner(rootDir) ?? starter(env) ?? "npm" };
  const lockFile = join(rootDir, lockFileOf(rootDir, name));
  const shared = { projectDir: project, rootDir, lockFile, env, wanted: version };
  if (name !== "yarn") return packageManager({ ...shared, flavor: name });
  const berry = isBerry(rootDir, lockFile, version) ?? Number.parseInt(await packageManager({ ...shared, flavor: "yarn-classic" }).version(), 10) > 1;
  refuseOtherLinkers(project, rootDir, berry, env);
  return packageManager({ ...shared, flavor: berry ? "yarn-berry" : "yarn-classic" });
}

function lockFileOf(rootDir: string, name: ManagerName): string {
  const [made, ...others] = LOCK_FILES[name];
  // bun takes its binary lock only where there is no other
  const inOrder = name === "bun" ? [made, ...others] : [...others, made];
  return inOrder.find((file) => existsSync(join(rootDir, file))) ?? made;
}

/** What package.json names. Only the root's: managers look nowhere else. */
async function named(rootDir: string): Promise<{ readonly name: ManagerName; readonly version: string | undefined } | undefined> {
  let unknown: string | undefined;
  const found = await readFields({ cwd: rootDir, stopDir: rootDir, strategies: ["packageManager-field", "devEngines-field"], onUnknown: (field) => { unknown = field; return undefined; } });
  if (found === null && unknown === undefined) return undefined;
  const name = NAMES.find((each) => each === found?.name);
  if (name === undefined) {
    throw new MlstackError("MLS8301", `${join(rootDir, "package.json")} names ${unknown ?? found?.name} as its package manager`, {
      why: `mlstack drives ${NAMES.slice(0, -1).join(", ")} and ${NAMES.at(-1)}`, fix: 'name one of them in "packageManager"', details: { manager: unknown ?? found?.name ?? "" },
    });
  }
  return { name, version: fieldVersion(rootDir) };
}

/** The version of `packageManager`, without its hash. The detector leaves only "berry" of a newer yarn's. */
function fieldVersion(rootDir: string): string | undefined {
  try {
    const { packageManager: field } = JSON.parse(readFileSync(join(rootDir, "package.json"), "utf8").replace(/^\uFEFF/, "")) as { packageManager?: unknown };
    return typeof field === "string" ? /@(\d[^+]*)/.exec(field)?.[1] : undefined;
  } catch { return undefined; }
}

/** @throws MLS8301 when there are locks of several managers: each may say something else */
function lockOwner(rootDir: string): ManagerName | undefined {
  const locks = NAMES.flatMap((name) => LOCK_FILES[name].filter((file) => existsSync(join(rootDir, file))).map((file) => ({ name, file })));
  const owners = [...new Set(locks.map(({ name }) => name))];
  if (owners.length > 1) {
    throw new MlstackError("MLS8301", `locks of several package managers lie in ${rootDir}: ${locks.map(({ file }) => file).join(", ")}`, {
      why: "each may hold other versions, and nothing says which one is used", fix: `remove those that are not used, or name the manager in ${basename(rootDir)}/package.json: "packageManager": "${owners[0]}@VERSION"`,
      details: { locks: locks.map(({ file }) => file) },
    });
  }
  return owners[0] ?? (existsSync(join(rootDir, "pnpm-workspace.yaml")) ? "pnpm" : undefined);
}

/** Whoever has started this process, for a project without a lock: `npx`, `pnpm dlx` and the like say it. */
function starter(env: NodeJS.ProcessEnv): ManagerName | undefined {
  const agent = env["npm_config_user_agent"]?.split("/")[0];
  return NAMES.find((name) => name === agent);
}

/** Undefined where no file tells. */
function isBerry(rootDir: string, lockFile: string, version: string | undefined): boolean | undefined {
  if (version !== undefined) return Number.parseInt(version, 10) > 1;
  if (existsSync(lockFile)) return isBerryLock(readFileSync(lockFile, "utf8"));
  return existsSync(join(rootDir, ".yarnrc.yml")) ? true : undefined;
}
