import { MlstackError } from "../errors/mlstack-error.ts";

/**
 * The name of what a step logs, as every tracker takes it.
 *
 * @param what such as `metric`
 * @throws MLS1009 for one that is no text of 1 to 250 characters
 */
export function trackedName(key: unknown, what: string): string {
  if (typeof key === "string" && key !== "" && key.length <= 250) return key;
  throw new MlstackError("MLS1009", `the ${what} name ${JSON.stringify(key)} is not usable`, { why: "trackers take names of 1 to 250 characters" });
}

/**
 * The path under which a logged file is shown.
 *
 * @throws MLS1009 for one that is no plain relative path of at most 250 characters
 */
export function trackedFilePath(path: unknown): string {
  if (typeof path === "string" && path !== "" && path.length <= 250 && !path.startsWith("/") && !path.includes("\\") && path.split("/").every((s) => s !== "" && s !== "." && s !== "..")) return path;
  throw new MlstackError("MLS1009", `the file name ${JSON.stringify(path)} is not usable`, { why: "a logged file is shown under a plain relative path of at most 250 characters", fix: "write it like plots/roc.png" });
}
