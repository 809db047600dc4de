import { KNOWN_PLUGINS } from "@mlstack/core";
import { expect, test } from "vitest";
import { KNOWN_FLAVORS } from "./known-flavors.ts";
import { camelCase, checkComponentType, checkFlavor, checkPackage, constantCase, pascalCase } from "./names.ts";

const refusal = { code: "MLS8722", fix: expect.any(String) as string };

test.each(["acme", "s3", "acme-cloud", "acme.eu", "acme_v"])("%s can be the name of a flavor", (name) => { expect(checkFlavor(name)).toBe(name); });

test.each(["", "Acme", "3d", "-acme", "acme-", "a b", "a/b", "acme--x", "acme.2", "ä", "../x", "x".repeat(51), "local", "memory"])("%j can't be the name of a flavor", (name) => {
  expect(() => checkFlavor(name)).toThrow(expect.objectContaining(refusal) as Error);
});

test("known are the flavors of mlstack's own packages, and none of them is another plugin's for the same type", () => {
  expect(KNOWN_FLAVORS).toEqual(KNOWN_PLUGINS);
  for (const [type, flavors] of Object.entries(KNOWN_PLUGINS)) for (const [name, offered] of Object.entries(flavors)) expect(() => checkFlavor(name, type)).toThrow(expect.objectContaining({ ...refusal, message: `${name} is the flavor of ${offered}` }) as Error);
  expect([checkFlavor("s3", "secret_store"), checkFlavor("mlflow", "model_deployer"), checkFlavor("s3", "format")]).toEqual(["s3", "mlflow", "s3"]);
});

test.each(["mlstack-plugin-acme", "@acme/mlstack-plugin", "@a-b/c.d_e", "x"])("%s can be the name of a package", (name) => { expect(checkPackage(name)).toBe(name); });

test.each(["", "Acme", ".acme", "_acme", "@acme", "@acme/", "@/x", "a/b", "a b", "@acme/x/y", "../x", "node_modules", "x".repeat(215), "mlstack", "@mlstack/plugin-acme"])("%j can't be the name of a package", (name) => {
  expect(() => checkPackage(name)).toThrow(expect.objectContaining(refusal) as Error);
});

test("a component type of one's own has a namespace", () => {
  expect(checkComponentType("acme.vector_index")).toBe("acme.vector_index");
  for (const id of ["vector_index", "acme.", ".x", "Acme.x", "acme.x.y", "acme.x-y", "acme.x_", "acme/x"]) expect(() => checkComponentType(id), id).toThrow(expect.objectContaining(refusal) as Error);
});

test("names are written as code writes them", () => {
  expect(["acme-cloud", "acme.eu_v", "s3"].map((name) => [camelCase(name), pascalCase(name), constantCase(name)])).toEqual([["acmeCloud", "AcmeCloud", "ACME_CLOUD"], ["acmeEuV", "AcmeEuV", "ACME_EU_V"], ["s3", "S3", "S3"]]);
});
