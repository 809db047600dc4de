import type { Catalog } from "@mlstack/hub/catalog";

/** The catalog that came with this release. What reads it is loaded with it. */
export async function ownCatalog(): Promise<{ readonly catalog: Catalog; readonly offline: typeof import("@mlstack/hub/catalog") }> {
  const [offline, { default: data }] = await Promise.all([import("@mlstack/hub/catalog"), import("@mlstack/catalog", { with: { type: "json" } })]);
  return { catalog: offline.trustedCatalog(data), offline };
}
