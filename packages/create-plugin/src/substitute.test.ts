import { expect, test } from "vitest";
import { substitute } from "./substitute.ts";

test("a name has the case of the place where it stands", () => {
  const text = `name: "@acme/mlstack-plugin", flavor: "acme", acmeStore(), AcmeOptions, process.env["ACME_URL"], acme.rows/1, stacks/acme.yaml`;
  expect(substitute(text, { flavor: "my-cloud", package: "mlstack-plugin-x" })).toBe(`name: "mlstack-plugin-x", flavor: "my-cloud", myCloudStore(), MyCloudOptions, process.env["MY_CLOUD_URL"], my-cloud.rows/1, stacks/my-cloud.yaml`);
});

test("what was put in is not looked at again", () => {
  expect(substitute("@acme/mlstack-plugin acme", { flavor: "acmeacme", package: "@acme/acme.vector_index" })).toBe("@acme/acme.vector_index acmeacme");
});

test("a component type's words are replaced in the template of one alone", () => {
  const text = `interface VectorIndex { contract: "acme.vector_index@1" } vectorIndexSuite vector-index acme`;
  expect(substitute(text, { flavor: "pine", package: "p", componentType: "tree.leaf_store" })).toBe(`interface LeafStore { contract: "tree.leaf_store@1" } leafStoreSuite leaf-store pine`);
  expect(substitute(text, { flavor: "pine", package: "p" })).toBe(`interface VectorIndex { contract: "pine.vector_index@1" } vectorIndexSuite vector-index pine`);
});
