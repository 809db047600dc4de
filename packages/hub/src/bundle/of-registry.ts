import { sha256, type Digest } from "../digest/digest.ts";
import type { Packument, PackumentVersion } from "../registry/packument.ts";
import type { Registry } from "../registry/registry.ts";

/*
 * A bundle does not say which registry it comes from: who gets it is told nothing of the network of whoever made it. Whether a package comes from the same one here is
 * seen by a digest, and addresses below the registry's own are kept as they are seen from there.
 */

/** The same for the same registry and package; the registry is not read from it, though who guesses it can see that it is the one. */
export const registryMark = (registry: Pick<Registry, "identityOf">, name: string): Digest => sha256(`${registry.identityOf(name)}\n${name}`);

/** @param base the registry's address. What lies on other hosts keeps its address: that is the registry's to say. */
export const seenFrom = (base: string, packument: Packument): Packument => withAddresses(packument, (address) => relativeTo(base, address));

/** The way back, where a registry may have another address. */
export const placedAt = (base: string, packument: Packument): Packument => withAddresses(packument, (address) => (URL.canParse(address, base) ? new URL(address, base).href : address));

function withAddresses(packument: Packument, change: (address: string) => string): Packument {
  return { ...packument, versions: Object.fromEntries(Object.entries(packument.versions).map(([key, version]) => [key, changed(version, change)])) };
}

function changed(version: PackumentVersion, change: (address: string) => string): PackumentVersion {
  const { attestations, ...dist } = version.dist;
  const isLoose = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === "object" && value !== null;
  const url = isLoose(attestations) ? attestations["url"] : undefined;
  return { ...version, dist: { ...dist, tarball: change(dist.tarball), ...(attestations !== undefined && { attestations: typeof url === "string" ? { ...(attestations as object), url: change(url) } : attestations }) } };
}

function relativeTo(base: string, address: string): string {
  if (!URL.canParse(address)) return address;
  const [from, { host, pathname, search }] = [new URL(base), new URL(address)];
  if (host !== from.host) return address;
  const below = pathname.startsWith(from.pathname) ? pathname.slice(from.pathname.length) : undefined;
  // what stands before a colon would be taken for a protocol
  return `${below === undefined || below === "" || /^[^/]*:/.test(below) ? pathname : below}${search}`;
}
