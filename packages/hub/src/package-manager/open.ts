import type { PackageManager } from "./types.ts";

/**
 * The package manager of a project: what the `packageManager` (or `devEngines`) field of the root's package.json says, or else whose lock lies there,
 * or else the one that mlstack was started by, or else npm. The root is that of the workspace that the project belongs to. Nothing is run for it,
 * but yarn for its version where no file tells which yarn it is.
 *
 * @param env the environment that the manager will have
 * @throws MLS8301 Yarn with Plug'n'Play, a manager that is not supported, locks of several ones
 */
export async function detectPackageManager(projectDir: string, env: NodeJS.ProcessEnv): Promise<PackageManager> {
  // parsers of locks and what starts programs are loaded when they are needed: plugins are checked at each start of mlstack
  const { detect } = await import("./detect.ts");
  return detect(projectDir, env);
}
