import { join } from "node:path";
import { pluginConformance } from "@mlstack/testkit/conformance";
import { expect, test } from "vitest";
import { z } from "zod";
import targets from "../conformance.ts";
import { acmeRows } from "../src/index.ts";

// every promise of a format
pluginConformance(test, join(import.meta.dirname, ".."), targets);

// and what is this format's own
test("a glance shows the first rows, and the metadata how many there are", async () => {
  const { codec } = acmeRows(z.number());
  const rows = Array.from({ length: 100 }, (_, n) => n);
  expect(await codec.extractMetadata!(rows)).toEqual({ rows: 100 });
  expect(await codec.preview!(rows)).toEqual({ type: "json", text: JSON.stringify(rows.slice(0, 10), null, 2) });
});
