import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { MlstackError } from "../errors/mlstack-error.ts";
import type { JsonObject } from "../values/json.ts";
import { checkConfig } from "./check-config.ts";
import { secret } from "./references.ts";

const owner = { type: "artifact_store", name: "main", flavor: "x" };
const shape = z.strictObject({
  bucket: z.string().min(3), port: z.int().min(1).default(80), mode: z.enum(["fast", "safe"]).optional(), accessKey: secret(z.string()).optional(),
  place: z.union([z.string(), z.strictObject({ region: z.enum(["eu", "us"]) })]).optional(), tags: z.array(z.string()).default([]), inner: z.strictObject({ deep: z.boolean() }).optional(),
});
const schema = z.toJSONSchema(shape, { io: "input" }) as JsonObject;
const looked = (config: JsonObject | undefined, by: JsonObject = schema) => checkConfig(owner, config, by);
const said = (config: JsonObject): string => (looked(config) as MlstackError).message;

describe("a configuration, by a manifest alone", () => {
  test("is refused as it would be when the component is created", () => {
    expect(looked({ bucket: "abc", port: 1, mode: "safe", tags: ["a"], inner: { deep: true } })).toBe("fits");
    expect(looked(undefined)).toMatchObject({ code: "MLS2008", message: 'the configuration of the artifact_store "main" (x) is invalid: bucket is missing', fix: "add bucket" });
    expect(looked({}, { type: "object", properties: { mode: { enum: ["a"] } }, required: ["mode"] })).toMatchObject({ message: expect.stringContaining(": mode is missing") as string, fix: "add mode" });
    expect(said({ bucket: "abc", acessKey: "${env:K}" })).toContain("acess_key is not known");
    expect(said({ bucket: "abc", port: "80" })).toContain("port: ");
    expect(said({ bucket: "abc", inner: { deep: 1 } })).toContain("inner.deep: ");
    expect(said({ bucket: "abc", mode: "slow" })).toContain("mode: ");
  });

  test("may refer to what is not there, in the place of anything; not inside of a text, and no secret is written as text", () => {
    expect(looked({ bucket: "${env:NO_SUCH}", port: "${env:NO_PORT}", mode: "${secret:mode}", accessKey: "${secret:key}", place: { region: "${env:REGION}" }, inner: { deep: "${env:DEEP}" } })).toBe("fits");
    expect(said({ bucket: "a-${env:X}" })).toContain("inside of a text");
    expect(said({ bucket: "abc", accessKey: "AKIA" })).toContain("access_key is a secret, and is written as text");
    expect(said({ bucket: "abc", place: { region: "asia" } })).toContain("place: ");
  });

  test("is not known to fit a schema that is not understood here", () => {
    expect(looked({}, { type: "object", unevaluatedProperties: false })).toBe("unknown");
    expect(looked({}, { type: "object", properties: { a: { $ref: "#/$defs/none" } } })).toBe("unknown");
  });

  test("fits where the definition's own schema takes it, and only there", () => {
    const anything = fc.record({ bucket: fc.oneof(fc.string(), fc.integer()), port: fc.oneof(fc.integer({ min: -2, max: 5 }), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constant("80")), mode: fc.constantFrom("fast", "safe", "slow", 1), tags: fc.array(fc.oneof(fc.string(), fc.boolean())), inner: fc.oneof(fc.record({ deep: fc.boolean() }), fc.constant({}), fc.constant({ deep: true, more: 1 })), more: fc.boolean() }, { requiredKeys: [] });
    fc.assert(fc.property(anything, (config) => {
      const given = config as JsonObject;
      fc.pre(!/\$\{(?:env|secret):/.test(JSON.stringify(given)));
      expect(looked(given) === "fits").toBe(shape.safeParse(given).success);
    }), { numRuns: 300 });
  });
});
