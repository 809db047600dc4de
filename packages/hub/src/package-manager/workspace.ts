// Packages that read this one as source have no tsconfig that would include it.
// oxlint-disable-next-line typescript/triple-slash-reference
/// <reference path="./map-workspaces.d.ts" />
import { readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import mapWorkspaces from "@npmcli/map-workspaces";
import { FAILSAFE_SCHEMA, load } from "js-yaml";
import picomatch from "picomatch";
import { isLoose, loose, text, type Loose } from "./locks/lock.ts";

/**
 * The root of the workspace that a project belongs to: the nearest folder above it whose package.json (`workspaces`) or pnpm-workspace.yaml
 * (`packages`) takes the project in. The project's own folder when there is none.
 *
 * @param kept a folder's file in the place of one that is there and can't be read
 */
export function workspaceRoot(projectDir: string, kept: Kept = () => undefined): string {
  for (let dir = dirname(projectDir); ; dir = dirname(dir)) {
    if (takesIn(patternsOf(dir, kept), relative(dir, projectDir).split(sep).join("/"))) return dir;
    if (dirname(dir) === dir) return projectDir;
  }
}

/** Whether a folder below the root of a workspace is one of its packages. Both absolute, with links resolved. */
export function isInWorkspace(rootDir: string, folder: string): boolean {
  const path = relative(rootDir, folder).split(sep).join("/");
  return path !== "" && !path.startsWith("../") && takesIn(patternsOf(rootDir), path);
}

/** A folder's package.json; an empty one where there is none or it can't be read: the manager itself complains about that. */
export function manifestIn(dir: string): Loose {
  return parsed(dir, "package.json", asJson);
}

type Kept = (dir: string, name: string) => string | undefined;
const asJson = (content: string): unknown => JSON.parse(content);
const asYaml = (content: string): unknown => load(content, { schema: FAILSAFE_SCHEMA });

function patternsOf(dir: string, kept?: Kept): readonly string[] {
  const { workspaces } = parsed(dir, "package.json", asJson, kept);
  const list = Array.isArray(workspaces) ? workspaces : loose(workspaces)["packages"];
  const pnpm = parsed(dir, "pnpm-workspace.yaml", asYaml, kept)["packages"];
  return [list, pnpm].flatMap((each) => (Array.isArray(each) ? each : [])).flatMap((each) => text(each) ?? []);
}

/** The folders of a project's workspace: its root, the project, the other packages. Absolute. */
export async function workspaceFolders(rootDir: string, projectDir: string): Promise<readonly string[]> {
  const patterns = [...patternsOf(rootDir)];
  // what it can't make sense of is the manager's to complain about
  const members = patterns.length === 0 ? [] : await mapWorkspaces({ cwd: rootDir, pkg: { workspaces: patterns } }).then((found) => [...found.values()], () => []);
  return [...new Set([rootDir, projectDir, ...members])];
}

/** A pattern with ! in front takes out again what those before it have taken in. */
function takesIn(patterns: readonly string[], path: string): boolean {
  const clean = (pattern: string): string => pattern.replace(/^\.\//, "").replace(/\/+$/, "");
  return patterns.reduce((taken, pattern) => (pattern.startsWith("!") ? taken && !picomatch.isMatch(path, clean(pattern.slice(1))) : taken || picomatch.isMatch(path, clean(pattern))), false);
}

function parsed(dir: string, name: string, parse: (content: string) => unknown, kept: Kept = () => undefined): Loose {
  let content: string;
  try { content = readFileSync(join(dir, name), "utf8"); } catch { return {}; }
  const read = (each: string | undefined): Loose | undefined => {
    try {
      const value = each === undefined ? undefined : parse(each.replace(/^\uFEFF/, ""));
      return isLoose(value) ? value : undefined;
    } catch { return undefined; }
  };
  return read(content) ?? read(kept(dir, name)) ?? {};
}
