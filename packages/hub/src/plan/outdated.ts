import { MlstackError } from "@mlstack/core/errors";
import gt from "semver/functions/gt.js";
import type { Obstacle } from "../resolve/fit.ts";
import { resolveVersion } from "../resolve/resolve-version.ts";
import { lockOf, projectFacts, type PlanContext } from "./context.ts";
import { compatible } from "./plan-install.ts";

/** A pinned integration, and which versions there are. */
export interface Outdated {
  readonly name: string;
  readonly current: string;
  /** What an upgrade would take; the current one where there is no newer one that fits and is compatible. */
  readonly wanted: string;
  /** The registry's; undefined where it names none. */
  readonly latest: string | undefined;
  /** Why the newest one is not taken; undefined where it is, or is another major version. */
  readonly blocked: Obstacle | undefined;
  /** What its authors say of the current version instead of recommending it. */
  readonly deprecated: string | undefined;
}

/**
 * The integrations that are pinned from a registry, with what their registries have. By name.
 *
 * @throws what the registry throws
 */
export async function outdated(context: PlanContext): Promise<readonly Outdated[]> {
  const pinned = Object.entries(lockOf(context).plugins).filter(([, { source }]) => source === "registry").toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Promise.all(pinned.map(async ([name, locked]): Promise<Outdated> => {
    const document = await context.registry.document(name);
    const resolve = { project: projectFacts(context), policy: context.policy, now: context.now, hasProvenance: locked.trust.provenance };
    const found = attempt(() => resolveVersion(document, compatible(locked, false), resolve));
    const latest = document.distTags["latest"];
    const anywhere = attempt(() => resolveVersion(document, { kind: "any" }, resolve));
    const wanted = found !== undefined && gt(found.version.version, locked.version) ? found.version.version : locked.version;
    const obstacles = [...(anywhere?.passedOver ?? []), ...(found?.passedOver ?? [])];
    return { name, current: locked.version, wanted, latest, blocked: latest === undefined ? undefined : obstacles.find(({ version }) => version === latest) ?? only(document, latest, resolve), deprecated: document.versions.find(({ version }) => version === locked.version)?.deprecated };
  }));
}

function attempt<T>(work: () => T): T | undefined {
  try { return work(); } catch (e) {
    if (MlstackError.is(e)) return undefined;
    throw e;
  }
}

/** Where no version fits at all, resolution says so by an error, which has the reasons in it. */
function only(document: Parameters<typeof resolveVersion>[0], version: string, context: Parameters<typeof resolveVersion>[2]): Obstacle | undefined {
  try {
    resolveVersion(document, { kind: "version", version }, context);
    return undefined;
  } catch (e) {
    if (!MlstackError.is(e)) throw e;
    const [obstacle] = (e.details?.["obstacles"] ?? []) as unknown as readonly Obstacle[];
    return obstacle;
  }
}
