// What earlier versions have written is read by today's code; see README.md.
import { describe, expect, onTestFinished, test } from "vitest";
import { currentVersion, FORMATS, versionsInSources } from "./formats.ts";
import { READERS } from "./testing/readers.ts";
import { digests, indexed, layOut, placeless, snapshots } from "./testing/snapshots.ts";

const known = snapshots();

describe("what was written", () => {
  test.each(known.map((one) => [one.name, one] as const))("%s is read, with all that was in it", async (_, { name, kind, expected }) => {
    const { dir, remove } = layOut(name);
    onTestFinished(remove);
    expect(placeless(await READERS[kind](dir), dir)).toMatchObject(expected as object);
  });

  test("is what it was: no file of a snapshot has changed, and none is missing", () => {
    expect(digests()).toEqual(indexed());
  });
});

describe("what is written", () => {
  test.each(FORMATS.map((format) => [format.id, format] as const))("has a snapshot of its current version: %s", (id, format) => {
    const version = currentVersion(format);
    expect(version).toBeGreaterThan(0);
    expect(known.filter((s) => s.kind === format.kind && s.formats[id] === version).map((s) => s.name), `there is no snapshot of version ${version} of the ${id}: npm run compat`).not.toEqual([]);
  });

  test("in versions is in the list", () => {
    const listed = versionsInSources().filter((found) => FORMATS.some(({ source, version }) => found.startsWith(`${source} `) && new RegExp(version.source).test(found)));
    // the type of a record beside its schema, and documents that are printed and not kept
    const others = [
      "packages/cli/src/json/documents.ts schemaVersion: z.literal(1)", "packages/cli/src/json/documents.ts schemaVersion: z.literal(1)", "packages/engine/src/deploy/deployment-folder.ts readonly recordVersion: 1;",
      "packages/hub/src/lock/lock.ts LOCK_VERSION = 1", "packages/hub/src/bundle/bundle-index.ts BUNDLE_VERSION = 1",
    ];
    expect(versionsInSources().filter((found) => !listed.includes(found) && !others.includes(found)), "add it to tests/compat/formats.ts").toEqual([]);
  });
});
