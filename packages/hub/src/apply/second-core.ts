import { MlstackError } from "@mlstack/core/errors";
import satisfies from "semver/functions/satisfies.js";
import type { Subtree } from "../package-manager/types.ts";

const CORE = "@mlstack/core";

/**
 * Whether an integration brings a core along, however far below, that it does not work with by its own word. One that it works with does no harm: copies
 * understand each other as far as contracts fit.
 *
 * @param name the integration
 * @param range the versions of core that its manifest names
 * @returns MLS2004
 */
export function secondCore(name: string, range: string, tree: Subtree): MlstackError | undefined {
  const found = tree.packages.find((pkg) => pkg.name === CORE && pkg.version !== undefined && !satisfies(pkg.version, range, { includePrerelease: true }));
  if (found === undefined) return undefined;
  const way = wayTo(found.id, tree);
  return new MlstackError("MLS2004", `${name} would bring a second core along: ${way.join(" → ")}`, {
    why: `it works with ${CORE} ${range} by its own manifest, and something that it depends on wants another one; the change was taken back`, fix: "tell its authors; take another version of it", details: { package: name, core: found.version ?? null, way },
  });
}

/** Ids from the root to a package, by the shortest way. */
function wayTo(id: string, { root, edges }: Subtree): string[] {
  const from = new Map([[root, undefined as string | undefined]]);
  for (const at of from.keys()) for (const edge of edges) if (edge.from === at && !from.has(edge.to)) from.set(edge.to, at);
  const way = [id];
  for (let at = from.get(id) ?? (id === root ? undefined : root); at !== undefined; at = from.get(at)) way.unshift(at);
  return way;
}
