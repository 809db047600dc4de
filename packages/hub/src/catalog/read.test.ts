import { describe, expect, test } from "vitest";
import { CATALOG_PACKAGE, newestCatalog, parseCatalog } from "./read.ts";
import { sample } from "./testing/sample.ts";
import { madePlugin } from "../testing/plugins.ts";
import { packed } from "../testing/tar.ts";

describe("parseCatalog", () => {
  test("reads a catalog, and leaves alone what it does not know", async () => {
    expect(await parseCatalog(JSON.parse(JSON.stringify(sample)), "here")).toEqual(sample);
    const newer = { ...sample, extra: 1, integrations: [{ ...sample.integrations[0]!, more: true }] };
    expect(await parseCatalog(newer, "here")).toEqual(newer);
  });
  test.each([
    [{ catalogVersion: 2 }, /here is a catalog of version 2/], [null, /here is not a catalog/], [{ ...sample, integrations: [{ ...sample.integrations[0]!, state: "maybe" }] }, /integrations\.0\.state/],
    [{ ...sample, integrations: [{ ...sample.integrations[0]!, homepage: "javascript:alert(1)" }] }, /homepage/], [{ ...sample, integrations: [{ ...sample.integrations[0]!, name: "../../x" }] }, /name/],
  ])("refuses what it is not: %#", async (data, message) => { await expect(parseCatalog(data, "here")).rejects.toMatchObject({ code: "MLS8423", message: expect.stringMatching(message) as string }); });
});

describe("newestCatalog", () => {
  const source = (files: Readonly<Record<string, string>>, distTags: Record<string, string> = { latest: "0.2.0" }) => ({
    document: async (name: string) => {
      expect(name).toBe(CATALOG_PACKAGE);
      return { name, distTags, versions: ["0.1.0", "0.2.0"].map((version) => ({ ...madePlugin().version, name, version })) };
    },
    tarball: async ({ version }: { version: string }) => { expect(version).toBe("0.2.0"); return packed({ "package.json": "{}", ...files }); },
  });
  test("reads the catalog of the version that is tagged latest", async () => {
    expect(await newestCatalog(source({ "catalog.json": JSON.stringify(sample) }))).toEqual({ catalog: sample, version: "0.2.0" });
  });
  test.each([[{}, undefined, /@mlstack\/catalog@0\.2\.0 has no catalog\.json/], [{ "catalog.json": "{" }, undefined, /is not JSON/], [{ "catalog.json": "[]" }, undefined, /is not a catalog/], [{}, {}, /@mlstack\/catalog@latest has no/]])("refuses another: %#", async (files, tags, message) => {
    await expect(newestCatalog(source(files as Record<string, string>, tags))).rejects.toMatchObject({ code: "MLS8423", message: expect.stringMatching(message) as string });
  });
});
