import type { Permissions } from "@mlstack/core";
import { canonicalJson, sha256, type Digest } from "../digest/digest.ts";

/** What the components of an integration may reach, all of them together; each list sorted. */
export type Granted = Readonly<Record<keyof Permissions, readonly string[]>>;

/** What the lock holds of a manifest. All of it follows from the manifest alone, so that a lock can be held against an installed package. */
export interface ManifestFacts {
  readonly manifest: Digest;
  /** Of the configurations' schemas, by contract and flavor. */
  readonly configSchema: Digest;
  /** Such as `artifact_store@1`, sorted. */
  readonly contracts: readonly string[];
  readonly capabilities: Granted;
  /** The range of @mlstack/core. */
  readonly core: string;
}

const KINDS = ["env", "files", "hosts", "processes"] as const satisfies readonly (keyof Permissions)[];

interface AsFound { readonly core?: unknown; readonly components?: readonly { readonly contract?: unknown; readonly flavor?: unknown; readonly config?: unknown; readonly permissions?: Partial<Record<string, unknown>> }[] }

/**
 * @param manifest the `mlstack` field as found, not as parsed: defaults of a later core must not change a digest
 */
export function manifestFacts(manifest: unknown): ManifestFacts {
  const { core, components } = (typeof manifest === "object" && manifest !== null ? manifest : {}) as AsFound;
  const list = Array.isArray(components) ? components as NonNullable<AsFound["components"]> : [];
  const schemas = list.map((c) => [`${String(c.contract)} ${String(c.flavor)}`, c.config ?? null] as const);
  return {
    manifest: sha256(canonicalJson(manifest)),
    configSchema: sha256(canonicalJson(Object.fromEntries(schemas))),
    contracts: [...new Set(list.map((c) => String(c.contract)))].toSorted(),
    capabilities: grantedBy(list.map((c) => c.permissions ?? {})),
    core: String(core),
  };
}

/** All permissions of several components in one. */
export function grantedBy(permissions: readonly Partial<Record<string, unknown>>[]): Granted {
  const union = (kind: string): string[] => [...new Set(permissions.flatMap((p) => (Array.isArray(p[kind]) ? (p[kind] as unknown[]).map(String) : [])))].toSorted();
  return { env: union("env"), files: union("files"), hosts: union("hosts"), processes: union("processes") };
}

/** What `now` has that `granted` has not, as `hosts: example.com`; empty where nothing was widened. */
export function permissionsBeyond(granted: Granted, now: Granted): readonly string[] {
  return KINDS.flatMap((kind) => now[kind].filter((each) => !granted[kind].includes(each)).map((each) => `${kind}: ${each}`));
}
