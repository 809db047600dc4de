import { contractRegistry } from "@mlstack/core";
import { describe, expect, test } from "vitest";
import type { PackageDocument } from "../registry/registry.ts";
import { madePlugin, type PluginOptions } from "../testing/plugins.ts";
import type { Policy } from "./policy.ts";
import { resolveVersion, type ResolveContext } from "./resolve-version.ts";
import type { Wanted } from "./spec.ts";

const NAME = "@acme/mlstack-plugin-x";
const NOW = new Date("2026-06-10T12:00:00Z");
const hoursAgo = (hours: number): string => new Date(NOW.getTime() - hours * 3_600_000).toISOString();

function document(versions: readonly PluginOptions[], latest?: string, tags: Readonly<Record<string, string>> = {}): PackageDocument {
  return { name: NAME, distTags: { ...(latest !== undefined && { latest }), ...tags }, versions: versions.map((each) => madePlugin({ name: NAME, ...each }).version) };
}
const context = (policy: Policy = {}, more: Partial<ResolveContext> = {}): ResolveContext => ({ project: { coreVersion: "0.1.5", contracts: contractRegistry(), nodeVersion: "24.11.0" }, policy, now: NOW, ...more });
const ANY: Wanted = { kind: "any" };
const range = (text: string): Wanted => ({ kind: "range", range: text });
const failure = (run: () => unknown): unknown => { try { run(); } catch (e) { return e; } return undefined; };

describe("the newest that fits", () => {
  test("is named together with why each newer one does not", () => {
    const found = resolveVersion(document([
      { version: "1.0.0" }, { version: "1.1.0" }, { version: "1.2.0", node: ">=26" }, { version: "1.3.0", contract: "artifact_store@9" }, { version: "1.4.0", contract: "acme.index@1" },
      { version: "2.0.0", core: "^3.0.0" }, { version: "2.1.0", publishedAt: hoursAgo(2) }, { version: "2.2.0", more: { mlstack: undefined } },
    ].map((v) => (v.version === "2.2.0" ? { ...v, core: "*" } : v)), "2.2.0"), ANY, context());
    expect(found.version.version).toBe("1.1.0");
    expect(found.passedOver.map(({ version, kind, code }) => [version, kind, code])).toEqual([
      ["2.2.0", "manifest", "MLS2001"], ["2.1.0", "cooldown", "MLS8405"], ["2.0.0", "core", "MLS2004"], ["1.4.0", "contract", "MLS2002"], ["1.3.0", "contract", "MLS2003"], ["1.2.0", "node", "MLS8403"],
    ]);
    expect(found.passedOver.map(({ reason }) => reason)).toEqual([
      'has an invalid manifest: core: "*" is every version, which says nothing',
      `published ${hoursAgo(2)}, and new versions wait for 24 hours: until ${hoursAgo(-22)}`,
      "needs @mlstack/core ^3.0.0, this project has 0.1.5",
      'offers "x" for acme.index@1, a component type that is not known here',
      "implements artifact_store@9, this core accepts artifact_store@1",
      "needs Node >=26, this is 24.11.0",
    ]);
  });

  test("is not above latest, no prerelease and not deprecated while there is another", () => {
    const versions = [{ version: "1.0.0" }, { version: "1.1.0", deprecated: "broken" }, { version: "1.2.0-rc.1" }, { version: "1.3.0" }];
    const found = resolveVersion(document(versions, "1.1.0"), ANY, context());
    expect([found.version.version, found.passedOver]).toEqual(["1.0.0", [{ version: "1.1.0", kind: "deprecated", code: "MLS8403", reason: "is deprecated: broken" }]]);
    expect(resolveVersion(document(versions), ANY, context()).version.version).toBe("1.3.0");
    expect(resolveVersion(document(versions.slice(1, 3), "1.1.0"), ANY, context()).version.version).toBe("1.1.0");
    expect(resolveVersion(document([{ version: "1.0.0-rc.1" }, { version: "1.0.0-rc.2" }], "1.0.0-rc.2"), ANY, context()).version.version).toBe("1.0.0-rc.2");
  });

  test("is in the range, the tag or the version that was asked for", () => {
    const doc = document([{ version: "1.0.0" }, { version: "1.2.3" }, { version: "1.9.0" }, { version: "2.0.0" }, { version: "2.1.0-beta.1" }], "2.0.0", { next: "2.1.0-beta.1" });
    expect(resolveVersion(doc, range("^1.2"), context()).version.version).toBe("1.9.0");
    expect(resolveVersion(doc, range("~1.2"), context()).version.version).toBe("1.2.3");
    expect(resolveVersion(doc, { kind: "tag", tag: "next" }, context()).version.version).toBe("2.1.0-beta.1");
    expect(resolveVersion(doc, { kind: "version", version: "1.0.0" }, context()).version.version).toBe("1.0.0");
    expect(resolveVersion(document([{ version: "1.0.0" }, { version: "2.0.0" }], "1.0.0"), range("^2"), context()).version.version).toBe("2.0.0");
  });

  test("may bring the component type that it implements", () => {
    const own = { manifestVersion: 1, entry: "./index.js", core: "^0.1.0", components: [{ contract: "acme.index@1", flavor: "x", description: "x", config: {} }], contracts: [{ type: "acme.index", accepts: [1], stability: "stable" }] };
    const doc = document([{ version: "1.0.0" }], "1.0.0");
    expect(resolveVersion({ ...doc, versions: [{ ...doc.versions[0]!, manifest: own }] }, ANY, context()).version.version).toBe("1.0.0");
  });
});

describe("where nothing fits", () => {
  test("an exact version that does not is refused with the newest that does", () => {
    const doc = document([{ version: "1.9.4" }, { version: "2.1.0", core: "^3.0.0" }], "2.1.0");
    expect(failure(() => resolveVersion(doc, { kind: "version", version: "2.1.0" }, context()))).toMatchObject({
      code: "MLS2004", message: `${NAME}@2.1.0 needs @mlstack/core ^3.0.0, this project has 0.1.5`, why: "the newest version that fits is 1.9.4", fix: `mlstack integration install ${NAME}@1.9.4`,
    });
  });

  test("several reasons are one error that names them", () => {
    const doc = document([{ version: "1.0.0", node: ">=99" }, { version: "1.1.0", core: "^9.0.0" }], "1.1.0");
    expect(failure(() => resolveVersion(doc, ANY, context()))).toMatchObject({ code: "MLS8403", exitCode: 4, why: "1.1.0 needs @mlstack/core ^9.0.0, this project has 0.1.5; 1.0.0 needs Node >=99, this is 24.11.0; no other version fits either", details: { newestThatFits: null } });
  });

  test("nothing in the range, no such tag, no such version, no version at all", () => {
    const doc = document([{ version: "1.0.0" }], "1.0.0");
    expect(failure(() => resolveVersion(doc, range("^2"), context()))).toMatchObject({ code: "MLS8402", message: `${NAME} has no version ^2`, why: "the newest is 1.0.0, the oldest 1.0.0", fix: "take 1.0.0" });
    expect(failure(() => resolveVersion(doc, { kind: "tag", tag: "nxt" }, context()))).toMatchObject({ code: "MLS8402", message: `${NAME} has no version tagged nxt`, why: `tags of ${NAME} are latest` });
    expect(failure(() => resolveVersion(doc, { kind: "version", version: "1.0.1" }, context()))).toMatchObject({ code: "MLS8402" });
    expect(failure(() => resolveVersion(document([]), ANY, context()))).toMatchObject({ code: "MLS8402", why: "no version of it is published" });
  });

  test("a package that is no integration", () => {
    const { versions, ...doc } = document([{ version: "1.0.0" }], "1.0.0");
    expect(failure(() => resolveVersion({ ...doc, versions: versions.map((v) => ({ ...v, manifest: undefined })) }, ANY, context()))).toMatchObject({ code: "MLS8407", message: `${NAME}@1.0.0 has no manifest, the "mlstack" field of package.json` });
  });

  test("one whose registry announces no digest", () => {
    const { versions, ...doc } = document([{ version: "1.0.0" }], "1.0.0");
    expect(failure(() => resolveVersion({ ...doc, versions: versions.map((v) => ({ ...v, integrity: undefined })) }, ANY, context()))).toMatchObject({ code: "MLS8201" });
  });
});

describe("a second core", () => {
  test.each([["peerDependencies", "^2.0.0"], ["dependencies", "0.0.9"]])("by %s is refused where it is not satisfied, and goes where it is", (field, wants) => {
    const doc = (value: string): PackageDocument => {
      const { versions, ...rest } = document([{ version: "1.0.0" }], "1.0.0");
      return { ...rest, versions: versions.map((v) => ({ ...v, [field]: { "@mlstack/core": value } })) };
    };
    expect(failure(() => resolveVersion(doc(wants), ANY, context()))).toMatchObject({ code: "MLS2004", message: expect.stringContaining(`wants @mlstack/core ${wants} by its ${field}`) as string });
    expect(resolveVersion(doc("^0.1.0"), ANY, context()).version.version).toBe("1.0.0");
  });
});

describe("the policy", () => {
  const fresh = document([{ version: "1.0.0" }, { version: "1.1.0", publishedAt: hoursAgo(23.9) }], "1.1.0");

  test("new versions wait for a day, and not a minute longer", () => {
    expect(resolveVersion(fresh, ANY, context())).toMatchObject({ version: { version: "1.0.0" }, passedOver: [{ kind: "cooldown", until: hoursAgo(-0.1) }], exceptions: [] });
    expect(resolveVersion(document([{ version: "1.1.0", publishedAt: hoursAgo(24) }]), ANY, context()).version.version).toBe("1.1.0");
    expect(resolveVersion(fresh, ANY, context({ cooldown: 12 })).version.version).toBe("1.1.0");
    expect(failure(() => resolveVersion(fresh, { kind: "version", version: "1.1.0" }, context()))).toMatchObject({ code: "MLS8405", exitCode: 4, fix: `mlstack integration install ${NAME}@1.0.0` });
  });

  test.each([[NAME], ["@acme"]])("an exception is made by name (%s) and is said", (name) => {
    expect(resolveVersion(fresh, ANY, context({ allowFresh: [name] }))).toMatchObject({ version: { version: "1.1.0" }, exceptions: ["cooldown"] });
    expect(resolveVersion(fresh, ANY, context({ allowFresh: [`${name}y`] })).version.version).toBe("1.0.0");
  });

  test("a version without a time, or of the future, is not known to be old", () => {
    for (const publishedAt of [undefined, hoursAgo(-1)]) {
      const doc = document([{ version: "1.0.0" }, { version: "1.1.0" }], "1.1.0");
      expect(resolveVersion({ ...doc, versions: doc.versions.map((v, i) => (i === 1 ? { ...v, publishedAt } : v)) }, ANY, context()).version.version).toBe("1.0.0");
    }
  });

  test("the age that an organisation wants has no exception", () => {
    const doc = document([{ version: "1.0.0" }, { version: "1.1.0", publishedAt: hoursAgo(100) }], "1.1.0");
    const policy = { minimumAge: 168, allowFresh: [NAME] };
    expect(resolveVersion(doc, ANY, context(policy))).toMatchObject({ version: { version: "1.0.0" }, passedOver: [{ kind: "age", code: "MLS8404" }] });
    expect(failure(() => resolveVersion(doc, { kind: "version", version: "1.1.0" }, context(policy)))).toMatchObject({ code: "MLS8404" });
    expect(resolveVersion(doc, ANY, context({ minimumAge: 99 })).version.version).toBe("1.1.0");
  });

  test("only allowed scopes and packages are installed: another package of a similar name is not", () => {
    const doc = document([{ version: "1.0.0" }], "1.0.0");
    for (const allowed of [["@acme"], [NAME], ["@mlstack", "@acme"]]) expect(resolveVersion(doc, ANY, context({ allowed })).version.version).toBe("1.0.0");
    for (const allowed of [["@mlstack"], [], ["@acm"], ["@acme/mlstack-plugin"], ["acme"]]) expect(failure(() => resolveVersion(doc, ANY, context({ allowed })))).toMatchObject({ code: "MLS8404", exitCode: 4 });
  });

  test("provenance that the version in use has is not lost silently", () => {
    const doc = document([{ version: "1.0.0", provenance: true }, { version: "1.1.0" }], "1.1.0");
    expect(resolveVersion(doc, ANY, context({}, { hasProvenance: true }))).toMatchObject({ version: { version: "1.0.0" }, passedOver: [{ kind: "provenance", code: "MLS8406" }] });
    expect(resolveVersion(doc, ANY, context({}, { hasProvenance: false })).version.version).toBe("1.1.0");
    expect(resolveVersion(doc, ANY, context({ allowLostProvenance: [NAME] }, { hasProvenance: true }))).toMatchObject({ version: { version: "1.1.0" }, exceptions: ["lostProvenance"] });
    expect(failure(() => resolveVersion(doc, { kind: "version", version: "1.1.0" }, context({}, { hasProvenance: true })))).toMatchObject({ code: "MLS8406" });
  });
});
