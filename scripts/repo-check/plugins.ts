import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { checkPlugin } from "../../packages/testkit/dist/check/index.js";
import { packageFolders } from "../presets/workspaces.ts";

/** A build that was restored from a cache has no time of its own; that it is current is known. */
const BUILT = ["build.current"];
/** Packages that bring components besides what they are for: no search is to find them, and they are installed with mlstack. */
const BESIDES = [...BUILT, "keywords.mlstack-plugin", "peer.core", "deps.no-core-copy", "readme.sections", "readme.config-keys", "conformance.present"];
/** Examples are never published, and their READMEs explain what they are examples of. */
const EXAMPLES = [...BUILT, "package.publishable", "package.repository", "publish.access", "license", "readme.sections"];

/** Which rules are left out of the plugins here, by their folders. */
function plugins(root: string): readonly (readonly [folder: string, skip: readonly string[]])[] {
  const examples = readdirSync(join(root, "examples")).map((name) => `examples/${name}`).filter((folder) => isPlugin(join(root, folder, "package.json")));
  return [
    ...packageFolders(root).flatMap((folder) => (folder.startsWith("packages/plugin-") ? [[folder, BUILT] as const] : existsSync(join(root, folder, "src", "plugin", "index.ts")) ? [[folder, BESIDES] as const] : [])),
    ...examples.map((folder) => [folder, EXAMPLES] as const),
  ];
}

const isPlugin = (file: string): boolean => existsSync(file) && (JSON.parse(readFileSync(file, "utf8")) as { readonly mlstack?: unknown }).mlstack !== undefined;

/** What `mlstack plugin check` finds in the packages of this repository. A line per finding: "packages/plugin-x/README.md: …". */
export async function pluginProblems(root: string): Promise<{ readonly errors: readonly string[]; readonly warnings: readonly string[] }> {
  const found = await Promise.all(plugins(root).map(async ([folder, skip]) => (await checkPlugin(join(root, folder), { skip })).findings.map((finding) => ({ ...finding, folder }))));
  const lines = (level: string): readonly string[] => found.flat().filter((finding) => finding.level === level).map(({ folder, at, found: what, expected, rule }) => `${folder}/${at}: ${what}; expected is that ${expected} (${rule})`);
  return { errors: lines("error"), warnings: lines("warning") };
}
