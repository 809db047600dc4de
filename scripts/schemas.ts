// npm run schemas: writes the JSON Schemas that packages publish. A test compares them with the code.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { documents } from "../packages/cli/src/json/documents.ts";
import { planJsonSchema } from "../packages/pipeline/dist/index.js";
import { root } from "./bootstrap/install.mjs";

const schemas: Readonly<Record<string, unknown>> = {
  "packages/pipeline/schemas/plan.v1.json": planJsonSchema(),
  ...Object.fromEntries(Object.entries(documents).map(([name, schema]) => [`packages/cli/schemas/${name}.json`, z.toJSONSchema(schema)])),
};
for (const [path, schema] of Object.entries(schemas)) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), `${JSON.stringify(schema, null, 2)}\n`);
}
