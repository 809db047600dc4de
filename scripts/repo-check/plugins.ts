import { existsSync } from "node:fs";
import { join } from "node:path";
import { checkPlugin } from "../../packages/testkit/dist/check/index.js";
import { packageFolders } from "../presets/workspaces.ts";

/** A build that was restored from a cache has no time of its own; that it is current is known. */
const BUILT = ["build.current"];
/** Packages that bring components besides what they are for: no search is to find them, and they are installed with mlstack. */
const BESIDES = [...BUILT, "keywords.mlstack-plugin", "peer.core", "deps.no-core-copy", "readme.sections", "readme.config-keys", "conformance.present"];

/** What `mlstack plugin check` finds in the packages of this repository. A line per finding: "packages/plugin-x/README.md: …". */
export async function pluginProblems(root: string): Promise<{ readonly errors: readonly string[]; readonly warnings: readonly string[] }> {
  const skips = packageFolders(root).map((folder) => [folder, folder.startsWith("packages/plugin-") ? BUILT : existsSync(join(root, folder, "src", "plugin", "index.ts")) ? BESIDES : undefined] as const);
  const found = await Promise.all(skips.flatMap(([folder, skip]) => (skip === undefined ? [] : [checkPlugin(join(root, folder), { skip }).then(({ findings }) => findings.map((finding) => ({ ...finding, folder })))])));
  const lines = (level: string): readonly string[] => found.flat().filter((finding) => finding.level === level).map(({ folder, at, found: what, expected, rule }) => `${folder}/${at}: ${what}; expected is that ${expected} (${rule})`);
  return { errors: lines("error"), warnings: lines("warning") };
}
