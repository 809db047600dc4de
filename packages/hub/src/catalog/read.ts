import { MlstackError } from "@mlstack/core/errors";
import type { Registry } from "../registry/index.ts";
import { readTarball } from "../tarball/index.ts";
import type { Catalog } from "./schema.ts";

const OFFLINE = "go on with the catalog that came with mlstack: --offline";

/** The npm package whose catalog.json is the catalog. */
export const CATALOG_PACKAGE = "@mlstack/catalog";

/**
 * A catalog from elsewhere.
 *
 * @throws MLS8423 when it is of a newer version or has another form
 */
export async function parseCatalog(data: unknown, where: string): Promise<Catalog> {
  const found = typeof data === "object" && data !== null ? (data as { catalogVersion?: unknown }).catalogVersion : undefined;
  if (typeof found === "number" && found > 1) {
    throw new MlstackError("MLS8423", `${where} is a catalog of version ${found}`, { why: "this mlstack reads version 1", fix: "update mlstack, or go on with the catalog that came with it: --offline", details: { found, reads: 1 } });
  }
  const { catalogSchema } = await import("./schema.ts");
  const parsed = catalogSchema.safeParse(data);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new MlstackError("MLS8423", `${where} is not a catalog: ${issue.path.length === 0 ? "" : `${issue.path.join(".")}: `}${issue.message}`, { fix: OFFLINE, details: { path: issue.path.map(String) } });
}

/**
 * The newest catalog that the registry serves. What came with mlstack is as good where this fails or is older; the caller decides.
 *
 * @throws what the registry throws; MLS8202; MLS8423
 */
export async function newestCatalog(registry: Pick<Registry, "document" | "tarball">): Promise<{ readonly catalog: Catalog; readonly version: string }> {
  const { distTags, versions } = await registry.document(CATALOG_PACKAGE);
  const latest = versions.find((v) => v.version === distTags["latest"]);
  const where = `${CATALOG_PACKAGE}@${latest?.version ?? "latest"}`;
  const bytes = latest === undefined ? undefined : (await readTarball(await registry.tarball(latest), where)).get("catalog.json");
  if (latest === undefined || bytes === undefined) throw new MlstackError("MLS8423", `${where} has no catalog.json`, { fix: OFFLINE });
  let data: unknown;
  try { data = JSON.parse(new TextDecoder().decode(bytes)); } catch (cause) { throw new MlstackError("MLS8423", `${where} is not JSON`, { cause, fix: OFFLINE }); }
  return { catalog: await parseCatalog(data, where), version: latest.version };
}
