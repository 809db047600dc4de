import { expect, test } from "vitest";
import { databaseFile } from "./sqlite.ts";

test("the file of a database is what its path or address names; one in memory has none", () => {
  const url = new URL("file:///a.db");
  for (const [given, file] of [["a.db", "a.db"], ["/a b.db", "/a b.db"], ["file:a.db", "a.db"], ["file:///a.db?mode=ro", "/a.db"], ["file://localhost/a.db", "/a.db"], ["file:/a.db", "/a.db"], [url, url]] as const) expect(databaseFile([given])).toBe(file);
  for (const given of [":memory:", "", "file::memory:", "file:x?cache=shared&mode=memory"]) expect(databaseFile([given])).toBe(undefined);
});
