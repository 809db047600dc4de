import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import { documents } from "./documents.ts";

const folder = join(import.meta.dirname, "..", "..", "schemas");

test("the published schemas are those of the code: npm run schemas", () => {
  expect(readdirSync(folder).toSorted()).toEqual(Object.keys(documents).map((name) => `${name}.json`).toSorted());
  for (const [name, schema] of Object.entries(documents)) expect(JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8")), name).toEqual(JSON.parse(JSON.stringify(z.toJSONSchema(schema))));
});
