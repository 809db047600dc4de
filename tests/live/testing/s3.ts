import { createHash } from "node:crypto";
import { ListMultipartUploadsCommand, S3Client } from "@aws-sdk/client-s3";
import { contractRegistry, manifestOf, pluginLoader, type ArtifactStore, type PluginHost, type PutSource } from "@mlstack/core";
import plugin from "@mlstack/plugin-s3";
import type { Versitygw } from "../servers/versitygw.ts";

/** Where a store is to be found: what tests need of a running server. */
export type Server = Pick<Versitygw, "endpoint" | "region" | "accessKeyId" | "secretAccessKey">;

const host: PluginHost = {
  packages: async () => [{ name: plugin.name, version: "0.1.0", dir: `/${plugin.name}`, manifest: manifestOf(plugin, "./dist/index.js", ">=0.1.0 <1"), source: "installed", load: async () => ({ default: plugin }) }],
  installCommand: (names) => `npm install ${names.join(" ")}`,
};

/** The store as a stack makes it: found by the plugin loader, its configuration checked. */
export async function openStore(gw: Server, config: Readonly<Record<string, unknown>>): Promise<ArtifactStore> {
  const loader = pluginLoader({ host, coreVersion: "0.1.0", contracts: contractRegistry() });
  const { endpoint, region, accessKeyId, secretAccessKey } = gw;
  const made = await loader.create("artifact_store", "s3", given({ endpoint, region, credentials: { accessKeyId, secretAccessKey }, ...config }), { name: "bucket", projectDir: "/", stateDir: "/" });
  if (!isStore(made)) throw new Error(`the flavor made a ${made.contract}`);
  return made;
}

/** Without the keys that a test took away. */
const given = (config: Readonly<Record<string, unknown>>) => Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined));

const isStore = (made: { readonly contract: string }): made is ArtifactStore => made.contract === "artifact_store@1";

/** A client of the vendor's own, to look at what the store has done. */
export function vendorClient(gw: Server): S3Client {
  return new S3Client({ endpoint: gw.endpoint, region: gw.region, forcePathStyle: true, credentials: gw });
}

/** How many uploads in parts are begun and not ended. */
export async function pendingUploads(client: S3Client, bucket: string, prefix = ""): Promise<number> {
  return ((await client.send(new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix }))).Uploads ?? []).length;
}

export const text = (value: string): PutSource => ({ kind: "bytes", bytes: Buffer.from(value) });
export const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

export async function streamed(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
}

export async function keysOf(store: ArtifactStore, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys.sort();
}
