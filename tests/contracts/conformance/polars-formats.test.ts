import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { pluginConformance, type ConformanceTarget } from "@mlstack/testkit/conformance";
import { describe, test } from "vitest";

const folder = dirname(fileURLToPath(import.meta.resolve("@mlstack/plugin-polars/package.json")));
const { default: targets } = (await import(join(folder, "conformance.ts"))) as { default: readonly ConformanceTarget[] };

describe("the formats of plugin-polars", () => { pluginConformance(test, folder, targets); });
