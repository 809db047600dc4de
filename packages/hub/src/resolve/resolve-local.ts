import { MlstackError, type PluginManifest } from "@mlstack/core";
import type { DescribedPackage } from "../tarball/package-json.ts";
import { fitProblem } from "./fit.ts";
import { policyProblem } from "./policy.ts";
import type { ResolveContext } from "./resolve-version.ts";

/**
 * Whether a tarball or folder of the user's own fits the project and the scopes that its policy allows. Its age is not asked for: there is nobody who
 * could tell it.
 *
 * @throws the one reason's code, as `resolveVersion` does
 */
export function resolveLocal(found: DescribedPackage, { project, policy, now }: ResolveContext): PluginManifest {
  const fit = fitProblem(found, project);
  const obstacle = "obstacle" in fit ? fit.obstacle : policyProblem({ name: found.name, version: found.version }, policy, now, false, false).obstacle;
  if (obstacle === undefined && "manifest" in fit) return fit.manifest;
  const { code, reason, kind, fix } = obstacle!;
  throw new MlstackError(code, `${found.name}@${found.version} ${reason}`, {
    why: "so it says of itself, in its package.json", fix: fix ?? (kind === "none" || kind === "manifest" ? "build it, so that its manifest is written" : "change its package.json, or update mlstack"), details: { package: found.name, version: found.version, kind },
  });
}
