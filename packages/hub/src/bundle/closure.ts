import { MlstackError } from "@mlstack/core/errors";
import maxSatisfying from "semver/ranges/max-satisfying.js";
import satisfies from "semver/functions/satisfies.js";
import validRange from "semver/ranges/valid.js";
import { z } from "zod";
import { parseDocument } from "../registry/package-document.ts";
import type { PackageDocument, Registry } from "../registry/registry.ts";

const ranges = z.record(z.string(), z.string()).catch({});
const manifest = z.looseObject({ dependencies: ranges.default({}), optionalDependencies: ranges.default({}), peerDependencies: ranges.default({}), peerDependenciesMeta: z.record(z.string(), z.looseObject({ optional: z.boolean().optional().catch(undefined) })).catch({}).default({}) });

/** A package as its registry describes it, once as it is read here, and once as it was answered. */
export interface Described {
  readonly document: PackageDocument;
  readonly raw: unknown;
}

/** Descriptions of packages, each asked for once. */
export function descriptions(registry: Pick<Registry, "packument" | "identityOf">): (name: string) => Promise<Described> {
  const known = new Map<string, Promise<Described>>();
  const ask = async (name: string): Promise<Described> => {
    const raw = await registry.packument(name);
    const document = parseDocument(raw, name);
    if ("problem" in document) throw new MlstackError("MLS8104", `what was answered is not the description of ${name}: ${document.problem} (${registry.identityOf(name)})`, { fix: "look at what answers at the registry's address", details: { package: name, problem: document.problem } });
    return { document, raw };
  };
  return (name) => {
    const asked = known.get(name) ?? ask(name);
    known.set(name, asked);
    return asked;
  };
}

/** Versions by package. */
export type Versions = Map<string, Set<string>>;

export function addVersion(all: Versions, name: string, version: string): boolean {
  const versions = all.get(name) ?? new Set();
  all.set(name, versions);
  if (versions.has(version)) return false;
  versions.add(version);
  return true;
}

/**
 * Adds a version and versions of all that it depends on, transitively: optional packages of all platforms and the peers that it needs, too. Of what is there
 * already one that fits does, else it is the newest that fits. So whichever of these a package manager takes, it finds all that that one needs.
 *
 * @returns what the registry does not have, as `name@range`: it comes from elsewhere
 * @throws what the registry throws; MLS8402 where nothing is in the range that somebody needs
 */
export async function addWithAll(all: Versions, name: string, version: string, describe: (name: string) => Promise<Described>): Promise<readonly string[]> {
  const elsewhere: string[] = [];
  const open: { readonly name: string; readonly version: string }[] = [];
  const add = (found: { readonly name: string; readonly version: string }): void => { if (addVersion(all, found.name, found.version)) open.push(found); };
  add({ name, version });
  for (let at = open.shift(); at !== undefined; at = open.shift()) {
    const { raw } = await describe(at.name);
    const asks = manifest.parse((raw as { readonly versions: Readonly<Record<string, unknown>> }).versions[at.version]);
    const peers = Object.entries(asks.peerDependencies).filter(([peer]) => asks.peerDependenciesMeta[peer]?.optional !== true);
    // a peer is the project's, which may have it from a folder of its own
    const isOptional = (as: string): boolean => asks.optionalDependencies[as] !== undefined;
    const isPeer = (as: string): boolean => asks.dependencies[as] === undefined && !isOptional(as);
    for (const [as, asked] of [...Object.entries(asks.dependencies), ...Object.entries(asks.optionalDependencies), ...peers]) {
      const wanted = wantedFrom(as, asked);
      if (wanted === undefined) { elsewhere.push(`${as}@${asked}`); continue; }
      try {
        const found = await versionFor(wanted, all, describe);
        if (found !== undefined) add(found);
        else if (isPeer(as)) elsewhere.push(`${as}@${asked}`);
        else if (!isOptional(as)) throw new MlstackError("MLS8402", `${at.name}@${at.version} needs ${as}@${asked}, and the registry has no such version`, { fix: "take another version of it, or ask another registry: --registry", details: { package: at.name, version: at.version, needs: `${as}@${asked}` } });
      } catch (e) {
        // all managers do without an optional package that there is none of
        if (!isMissing(e) || (!isPeer(as) && !isOptional(as))) throw e;
        if (isPeer(as)) elsewhere.push(`${as}@${asked}`);
      }
    }
  }
  return elsewhere;
}

/** There is no such package: the registry has none, or where there is no network no bundle has brought one. */
export const isMissing = (e: unknown): boolean => MlstackError.is(e, "MLS8102") || MlstackError.is(e, "MLS8105");

interface Wanted { readonly name: string; readonly range: string }

/** `npm:other@^1` is another package under this name. Undefined for what no registry has. */
function wantedFrom(name: string, asked: string): Wanted | undefined {
  const alias = /^npm:(@?[^@]+)(?:@(.*))?$/.exec(asked);
  if (alias !== null) return { name: alias[1]!, range: alias[2] ?? "*" };
  return /[/:]/.test(asked) ? undefined : { name, range: asked };
}

/** Undefined where there is none. @throws MLS8102 */
async function versionFor({ name, range }: Wanted, all: Versions, describe: (name: string) => Promise<Described>): Promise<{ readonly name: string; readonly version: string } | undefined> {
  const isRange = validRange(range) !== null;
  const there = isRange ? [...all.get(name) ?? []].find((version) => satisfies(version, range)) : undefined;
  if (there !== undefined) return { name, version: there };
  const { distTags, versions } = (await describe(name)).document;
  const latest = distTags["latest"];
  // as npm does: what its authors recommend, where that fits
  const found = !isRange ? distTags[range] : latest !== undefined && satisfies(latest, range) ? latest : maxSatisfying(versions.map(({ version }) => version), range) ?? undefined;
  return found === undefined || !versions.some(({ version }) => version === found) ? undefined : { name, version: found };
}
