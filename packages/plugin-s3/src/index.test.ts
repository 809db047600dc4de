import { execFileSync } from "node:child_process";
import { isPluginDefinition, manifestOf } from "@mlstack/core";
import { expect, test } from "vitest";
import plugin from "./index.ts";

test("the plugin offers a store, every setting of which is described", () => {
  expect(isPluginDefinition(plugin)).toBe(true);
  const [entry] = manifestOf(plugin, "./dist/index.js", "*").components;
  expect(entry).toMatchObject({ contract: "artifact_store@1", flavor: "s3", config: { required: ["bucket"], additionalProperties: false } });
  const properties: unknown = entry?.config["properties"];
  for (const [name, schema] of Object.entries(properties as Record<string, { description?: string }>)) expect(schema.description, name).toMatch(/\.$/);
});

test("the vendor's SDK is not loaded before a store is made", () => {
  const script = `const m = await import(${JSON.stringify(new URL("./config.ts", import.meta.url).href)}); const { registerHooks } = await import("node:module");
    let sdk = 0; registerHooks({ resolve(s, c, n) { if (s.startsWith("@aws-sdk") || s.startsWith("@smithy")) sdk++; return n(s, c); } });
    const { default: plugin } = await import(${JSON.stringify(new URL("./index.ts", import.meta.url).href)});
    const before = sdk;
    const store = await plugin.components[0].create(m.s3Config.parse({ bucket: "b12", region: "x" }), {});
    console.log(JSON.stringify([before, sdk > 0, store.capabilities]));
    await store.dispose();`;
  const printed = execFileSync(process.execPath, ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", script], { encoding: "utf8" });
  expect(JSON.parse(printed)).toEqual([0, true, { createIfAbsent: true, wireChecksum: "crc32", deleteIfVersion: false }]);
});
