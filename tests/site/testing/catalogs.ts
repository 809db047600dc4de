import { fileURLToPath } from "node:url";
import { catalogIn } from "../../../scripts/catalog/generated.ts";
import { siteFiles } from "../../../scripts/site/site.ts";
import { hostileCatalog } from "../../../scripts/site/testing/hostile.ts";
import { findIntegrations, thirdParty, withRegistryFacts, type Catalog, type PackageFacts } from "@mlstack/hub";

const catalog = catalogIn(fileURLToPath(new URL("../../..", import.meta.url)));

function facts(name: string, manifest: unknown, provenance: boolean): PackageFacts {
  const version = (n: string, publishedAt: string, deprecated?: string) => ({ version: n, manifest, engines: { node: ">=22" }, provenance, publishedAt, deprecated, unpackedSize: 123_456 });
  return { name, distTags: { latest: "1.2.0" }, versions: [version("1.1.0", "2026-03-01T10:00:00Z", "broken"), version("1.2.0", "2026-05-01T10:00:00Z")] };
}
const ours = catalog.integrations.find((i) => i.name === "s3")!;
const manifest = { manifestVersion: 1, entry: "./dist/index.js", core: "^0.1.0", components: ours.components };
const theirs = thirdParty(catalog, facts("@acme/plugin-s3", manifest, false), { description: "Buckets, by somebody else", keywords: [] });
if (typeof theirs === "string") throw new Error(theirs);
const known = withRegistryFacts(ours, facts("@mlstack/plugin-s3", manifest, true));
const report = { package: "@mlstack/plugin-s3", contract: "artifact_store@1", flavor: "s3", suite: "@mlstack/testkit@1.0.0", version: "1.2.0", files: "sha256:x", core: "0.1.0", passed: 41, failed: 0, skipped: [{ id: "lease", reason: "capability not declared" }] };

/** The catalog of this repository as its registry could make it: with all that can be known of one, and a third party's beside it. */
export const fullCatalog: Catalog = {
  ...catalog,
  integrations: [
    ...catalog.integrations.map((i) => (i.name === "s3" ? { ...known, evidence: { ...known.evidence, conformance: [report], weeklyDownloads: 12_345 } } : i.name === "mlflow" ? { ...i, evidence: { ...i.evidence, conformance: [{ ...report, contract: "experiment_tracker@1", failed: 2 }] } } : i)),
    theirs,
  ],
};
export { catalog, findIntegrations };
export const files = siteFiles(catalog);
export const fullFiles = siteFiles(fullCatalog);
export const hostileFiles = siteFiles(hostileCatalog);
