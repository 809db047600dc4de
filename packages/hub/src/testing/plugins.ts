import { integrityOf } from "../digest/integrity.ts";
import type { PackageVersion } from "../registry/registry.ts";
import { packed } from "./tar.ts";

/** A version of an integration in all of its forms: what it says, its files, its tarball, and how a registry describes it. */
export interface MadePlugin {
  readonly packageJson: Readonly<Record<string, unknown>>;
  readonly files: Readonly<Record<string, string>>;
  readonly tarball: Uint8Array;
  readonly version: PackageVersion;
}

export interface PluginOptions {
  readonly name?: string;
  readonly version?: string;
  readonly core?: string;
  /** Of its one component; null for a package without any. */
  readonly contract?: string | null;
  /** The package that brings that component's type. */
  readonly contractPackage?: string;
  /** Component types that it brings. */
  readonly brings?: readonly { readonly type: string; readonly accepts: readonly number[] }[];
  readonly permissions?: Readonly<Record<string, readonly string[]>>;
  readonly flavor?: string;
  /** JSON Schema of its configuration. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly node?: string;
  /** More fields of its package.json. */
  readonly more?: Readonly<Record<string, unknown>>;
  readonly files?: Readonly<Record<string, string>>;
  readonly publishedAt?: string | undefined;
  readonly deprecated?: string;
  readonly provenance?: boolean;
}

export const LONG_AGO = "2026-01-01T00:00:00.000Z";

export function madePlugin({ name = "@acme/mlstack-plugin-x", version = "1.0.0", core = "^0.1.0", contract = "artifact_store@1", contractPackage, brings = [], permissions = { hosts: ["*"] }, flavor = "x", config = { type: "object", properties: { bucket: { type: "string" } } }, node, more = {}, files = {}, publishedAt = LONG_AGO, deprecated, provenance = false }: PluginOptions = {}): MadePlugin {
  const manifest = {
    manifestVersion: 1, entry: "./index.js", core,
    components: contract === null ? [] : [{ contract, ...(contractPackage !== undefined && { contractPackage }), flavor, description: "For tests", config, permissions }],
    ...(brings.length > 0 && { contracts: brings.map((b) => ({ ...b, stability: "stable" })) }),
  };
  const packageJson = { name, version, description: `The integration ${name}`, keywords: ["mlstack-plugin"], type: "module", ...(node !== undefined && { engines: { node } }), peerDependencies: { "@mlstack/core": core }, mlstack: manifest, ...more };
  const all = { "package.json": `${JSON.stringify(packageJson, undefined, 2)}\n`, "index.js": `export default "${name}@${version}";\n`, "README.md": "# x\n", ...files };
  const bytes = packed(all);
  const { engines, dependencies, peerDependencies } = packageJson as { readonly engines?: Record<string, string>; readonly dependencies?: Record<string, string>; readonly peerDependencies: Record<string, string> };
  return {
    packageJson, files: all, tarball: bytes,
    version: {
      name, version, description: packageJson.description, manifest, integrity: integrityOf(bytes), tarball: "", engines: engines ?? {}, dependencies: dependencies ?? {}, peerDependencies, hasInstallScript: false, deprecated, publishedAt, unpackedSize: undefined, provenance,
    },
  };
}
