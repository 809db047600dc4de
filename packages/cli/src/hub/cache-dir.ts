import { homedir } from "node:os";
import { join } from "node:path";

/** Where what registries have answered is kept: this user's, shared by projects. `MLSTACK_CACHE_DIR` puts it elsewhere. */
export function cacheDirOf(env: Readonly<Record<string, string | undefined>>, platform: NodeJS.Platform = process.platform): string {
  const given = env["MLSTACK_CACHE_DIR"];
  if (given !== undefined && given !== "") return given;
  const home = env["HOME"] ?? homedir();
  const system = platform === "win32" ? env["LOCALAPPDATA"] : env["XDG_CACHE_HOME"];
  const base = system !== undefined && system !== "" ? system : platform === "darwin" ? join(home, "Library", "Caches") : platform === "win32" ? join(home, "AppData", "Local") : join(home, ".cache");
  return join(base, "mlstack", "hub");
}
