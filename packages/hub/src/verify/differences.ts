import { MlstackError } from "@mlstack/core/errors";
import { canonicalJson } from "../digest/digest.ts";
import { manifestFacts } from "../lock/manifest-facts.ts";
import type { LockedPlugin } from "../lock/lock.ts";
import type { DescribedPackage } from "../tarball/package-json.ts";

/** What the lock's facts are called in messages. */
const FACTS = { manifest: "manifest", configSchema: "configuration schema", contracts: "contracts", capabilities: "capabilities", core: "range of core", node: "range of Node" } as const;

/**
 * Where a lock says other things of a package than follow from it, though the package itself is the right one: somebody has edited the lock.
 *
 * @returns MLS8208, or undefined
 */
export function contradiction(name: string, locked: LockedPlugin, found: Pick<DescribedPackage, "manifest" | "engines">): MlstackError | undefined {
  const facts = { ...manifestFacts(found.manifest), node: found.engines["node"] };
  const differs = (Object.keys(FACTS) as (keyof typeof FACTS)[]).filter((fact) => canonicalJson(facts[fact] ?? null) !== canonicalJson(locked[fact] ?? null));
  if (differs.length === 0) return undefined;
  const shown = differs.filter((fact) => fact !== "manifest" && fact !== "configSchema").map((fact) => `${FACTS[fact]}: ${canonicalJson(locked[fact] ?? null)} in the lock, ${canonicalJson(facts[fact] ?? null)} in the package`);
  return new MlstackError("MLS8208", `mlstack.lock contradicts ${name}@${locked.version}: ${differs.map((fact) => FACTS[fact]).join(", ")}`, {
    why: `its files are those that the lock names, and they say something else${shown.length === 0 ? "" : ` (${shown.join("; ")})`}: the lock was edited by hand, or merged wrongly`,
    fix: "take mlstack.lock back from version control, or write it anew and look at the difference: mlstack integration lock", details: { package: name, version: locked.version, differs },
  });
}

/** Two texts for a difference between what is installed and the lock: it is no damage, one of them is behind. */
export function drift(name: string, message: string, why: string, details: Readonly<Record<string, string | null>>): MlstackError {
  return new MlstackError("MLS8207", message, { why, fix: "bring what is installed to the lock: mlstack integration install; or the lock to what is installed: mlstack integration lock", details: { package: name, ...details } });
}
