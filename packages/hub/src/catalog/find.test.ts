import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findIntegrations, fitsFilter, kindsOf } from "./find.ts";
import { folded, matchScore } from "./match.ts";
import type { Catalog } from "./schema.ts";
import { component, integration, sample } from "./testing/sample.ts";

const names = (catalog: Catalog, ...rest: [string?, Parameters<typeof findIntegrations>[2]?]): string[] => findIntegrations(catalog, ...rest).map((i) => i.name);

describe("findIntegrations", () => {
  test("without text: what can be used first, then by name", () => { expect(names(sample)).toEqual(["mlflow", "polars", "s3", "local", "gcs", "vertex", "wandb"]); });
  test.each([
    ["s3", ["s3"]], ["S3", ["s3"]], ["bucket", ["s3"]], ["google", ["gcs", "vertex"]], ["gcp", ["gcs", "vertex"]], ["Weights & Biases", ["wandb"]], ["weights-and-biases", ["wandb"]],
    ["@mlstack/plugin-mlflow", ["mlflow"]], ["sse_kms_key_id", ["s3"]], ["access_key_id", ["s3"]], ["artifact store", ["s3", "local", "gcs"]], ["artifact_store google", ["gcs"]], ["model registry", ["mlflow"]], ["parquet.table/1", ["polars"]], ["nothing of the kind", []],
  ])("%s", (text, found) => { expect(names(sample, text)).toEqual(found); });
  test("by type and state, planned parts included", () => {
    expect(names(sample, "", { type: "model_registry" })).toEqual(["mlflow"]);
    expect(names(sample, "", { type: "format" })).toEqual(["polars"]);
    expect(names(sample, "", { type: "artifact_store", state: "planned" })).toEqual(["gcs"]);
    expect(names(sample, "google", { state: "available" })).toEqual([]);
    // what is only planned of it is not there
    expect(names(sample, "", { type: "model_registry", state: "available" })).toEqual([]);
  });
  test("accents and case do not count, and a name that is met exactly comes first", () => {
    const catalog = { ...sample, integrations: [integration("zeta", { description: "Not alpha" }), integration("beta", { title: "Álpha" }), integration("alphabet"), integration("alpha")] };
    expect(names(catalog, "ALPHA")[0]).toBe("alpha");
    expect(names(catalog, "alpha").at(-1)).toBe("zeta");
    expect(folded("Ünïted_S-3 ")).toBe("united s 3");
  });
});

const word = fc.constantFrom("s3", "mlflow", "google", "store", "artifact", "gcp", "a", "é", "bucket", "planned", "kms", "x9");
const anyText = fc.oneof(fc.array(word, { maxLength: 4 }).map((w) => w.join(" ")), fc.string({ unit: "binary", maxLength: 30 }));
const shortName = fc.stringMatching(/^[a-z][a-z0-9]{0,6}$/);
const anyCatalog = fc.uniqueArray(fc.record({ name: shortName, title: anyText, state: fc.constantFrom("available" as const, "built-in" as const, "planned" as const), type: fc.constantFrom("artifact_store", "orchestrator"), keywords: fc.array(word, { maxLength: 3 }) }), { selector: (r) => r.name, maxLength: 8 })
  .map((all): Catalog => ({ ...sample, aliases: [], integrations: all.map(({ name, title, state, type, keywords }) => integration(name, { title, state, keywords, types: [type], components: [component(type, name)] })) }));
const anyFilter = fc.record({ type: fc.option(fc.constantFrom("artifact_store", "orchestrator", "format"), { nil: undefined }), state: fc.option(fc.constantFrom("available" as const, "planned" as const), { nil: undefined }) });

describe("for any catalog and text", () => {
  test("the order does not depend on that of the catalog", () => {
    fc.assert(fc.property(anyCatalog, anyText, (catalog, text) => { expect(names({ ...catalog, integrations: catalog.integrations.toReversed() }, text)).toEqual(names(catalog, text)); }));
  });
  test("filters leave out and add nothing, and do not change the order", () => {
    fc.assert(fc.property(anyCatalog, anyText, anyFilter, (catalog, text, filter) => {
      const all = findIntegrations(catalog, text);
      expect(findIntegrations(catalog, text, filter)).toEqual(all.filter((i) => fitsFilter(i, filter)));
      for (const i of findIntegrations(catalog, text, filter)) { expect(i.state).toBe(filter.state ?? i.state); if (filter.type !== undefined) expect(kindsOf(i)).toContain(filter.type); }
    }));
  });
  test("more words never find more", () => {
    fc.assert(fc.property(anyCatalog, anyText, word, (catalog, text, more) => { expect(names(catalog, text)).toEqual(expect.arrayContaining(names(catalog, `${text} ${more}`).filter((n) => names(catalog, text).includes(n)))); expect(names(catalog, `${text} ${more}`).every((n) => folded(text) === "" || names(catalog, text).includes(n))).toBe(true); }));
  });
  test("every integration is found by its name, first", () => {
    fc.assert(fc.property(anyCatalog, (catalog) => {
      for (const { name } of catalog.integrations) {
        const score = (of: string): number => { const i = catalog.integrations.find((one) => one.name === of)!; return matchScore({ ...i, words: i.components.map((c) => c.flavor), types: i.types, deep: [] }, name); };
        const found = names(catalog, name);
        expect(found).toContain(name);
        expect(score(found[0]!)).toBe(score(name));
      }
    }));
  });
  test("case does not count", () => {
    fc.assert(fc.property(anyCatalog, fc.array(word, { maxLength: 3 }), (catalog, words) => { expect(names(catalog, words.join(" ").toUpperCase())).toEqual(names(catalog, words.join(" "))); }));
  });
});
