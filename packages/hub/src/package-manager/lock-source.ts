import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import mapWorkspaces from "@npmcli/map-workspaces";
import { isLoose, strings, text, unreadableLock, type LockSource, type Manifest } from "./locks/lock.ts";
import { manifestIn } from "./workspace.ts";

const slashes = (path: string): string => path.split(sep).join("/");

/** The lock in `lockFile` with the package.json files that belong to it. @throws MLS8307 when it is not there */
export async function lockSource(options: { readonly lockFile: string; readonly rootDir: string; readonly projectDir: string; readonly remake: string; /** Whether the lock leaves the workspace's packages out, so that they are looked for. */ readonly members: boolean }): Promise<LockSource> {
  const { lockFile, rootDir, projectDir, remake, members } = options;
  let content: string;
  try { content = await readFile(lockFile, "utf8"); } catch (e) {
    throw unreadableLock(lockFile, (e as NodeJS.ErrnoException).code === "ENOENT" ? "there is no such file" : `it can't be read (${(e as NodeJS.ErrnoException).code})`, remake);
  }
  const folders = members ? await membersOf(rootDir) : new Map<string, string>();
  return {
    text: content.replace(/^\uFEFF/, "").replaceAll("\r\n", "\n"), path: lockFile, project: slashes(relative(rootDir, projectDir)),
    manifest: (folder) => readManifest(join(rootDir, folder, "package.json"), remake),
    member: (name) => folders.get(name),
  };
}

/** The folders of the workspace's packages, by their names. */
async function membersOf(rootDir: string): Promise<ReadonlyMap<string, string>> {
  const pkg = manifestIn(rootDir);
  if (pkg["workspaces"] === undefined) return new Map();
  const found = await mapWorkspaces({ cwd: rootDir, pkg });
  return new Map([...found].map(([name, folder]) => [name, slashes(relative(rootDir, folder))]));
}

function readManifest(path: string, remake: string): Manifest {
  let json: unknown;
  try { json = JSON.parse(readFileSync(path, "utf8").replace(/^\uFEFF/, "")); } catch (e) {
    throw unreadableLock(path, e instanceof SyntaxError ? `it is not JSON (${e.message})` : `it can't be read (${(e as NodeJS.ErrnoException).code})`, `mend it, then ${remake}`);
  }
  const manifest = isLoose(json) ? json : {};
  return {
    name: text(manifest["name"]), version: text(manifest["version"]), dependencies: strings(manifest["dependencies"]), devDependencies: strings(manifest["devDependencies"]),
    optionalDependencies: strings(manifest["optionalDependencies"]), resolutions: strings(manifest["resolutions"]),
  };
}
