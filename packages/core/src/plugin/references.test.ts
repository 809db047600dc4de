import { expect, test } from "vitest";
import { z } from "zod";
import type { JsonObject } from "../values/json.ts";
import { MlstackError } from "../errors/mlstack-error.ts";
import { component, definePlugin } from "./define-plugin.ts";
import { manifestOf } from "./manifest.ts";
import { pluginLoader } from "./plugin-loader.ts";
import { redactor } from "../values/redactor.ts";
import { reference, referencedSecrets, referencedVariables, resolveReferences, secret } from "./references.ts";

const config = z.strictObject({
  url: z.string(), user: reference(z.string()).optional(), token: secret(z.string().min(1)).describe("a token").optional(),
  nested: z.strictObject({ accessKey: secret(z.string()) }).optional(), either: z.union([z.strictObject({ apiKey: secret(z.string()) }), z.strictObject({ path: z.string() })]).optional(),
  list: z.array(z.strictObject({ pass: secret(z.string()) })).optional(), more: z.record(z.string(), secret(z.string())).optional(),
});
const schema = z.toJSONSchema(config, { io: "input" }) as JsonObject;
const owner = { type: "experiment_tracker", name: "t", flavor: "acme" };
const env = { TOKEN: "value-of-token", USER_NAME: "me", EMPTY: "" };
const resolve = (value: JsonObject, strict = true) => resolveReferences(value, schema, { owner, env, strict });
function refused(code: "MLS2008" | "MLS2010", value: JsonObject): MlstackError {
  try { resolve(value); } catch (e) { if (MlstackError.is(e, code)) return e; throw e; }
  throw new Error("not refused");
}

test("references become values where the schema says that a secret stands, however deep", () => {
  const ref = "${env:TOKEN}";
  const given = { url: "u", user: "${env:USER_NAME}", token: ref, nested: { accessKey: ref }, either: { apiKey: ref }, list: [{ pass: ref }], more: { any: ref } };
  expect(resolve(given)).toEqual({ config: { url: "u", user: "me", token: "value-of-token", nested: { accessKey: "value-of-token" }, either: { apiKey: "value-of-token" }, list: [{ pass: "value-of-token" }], more: { any: "value-of-token" } }, secrets: ["me", ...Array.from({ length: 5 }, () => "value-of-token")], hidden: Array.from({ length: 5 }, () => "value-of-token") });
  expect(referencedVariables(given)).toEqual(["USER_NAME", "TOKEN"]);
  // what goes with a secret may be written as it is
  expect(resolve({ url: "u", user: "me" }).config).toEqual({ url: "u", user: "me" });
});

test("a secret as text is refused where it would be kept, with what to write", () => {
  for (const [value, field, name] of [[{ token: "hunter2" }, "token", "ACME_TOKEN"], [{ nested: { accessKey: "hunter2" } }, "nested.access_key", "ACME_ACCESS_KEY"], [{ list: [{ pass: "hunter2" }] }, "list.0.pass", "ACME_PASS"]] as const) {
    const e = refused("MLS2008", { url: "u", ...value });
    expect(e.fix).toBe(`write ${field}: \${env:${name}}, and set that variable`);
    expect(JSON.stringify(e)).not.toContain("hunter2");
  }
  expect(resolve({ url: "u", token: "hunter2" }, false).config).toEqual({ url: "u", token: "hunter2" });
});

test("a reference leads somewhere, stands alone, and stands where it may", () => {
  expect(refused("MLS2010", { url: "u", token: "${env:NOPE}" })).toMatchObject({ message: "the variable NOPE is not set", fix: "export NOPE=…" });
  refused("MLS2010", { url: "u", token: "${env:not a name}" });
  expect(refused("MLS2010", { url: "u", token: "${secret:db/password}" }).message).toContain("secret store");
  refused("MLS2010", { url: "u", token: "${secret:}" });
  expect(refused("MLS2008", { url: "u", token: "Bearer ${env:TOKEN}" }).why).toContain("whole value");
  expect(refused("MLS2008", { url: "${env:TOKEN}" }).fix).toBe("write the value of url itself");
  // an empty value is a value: the schema says whether it will do
  expect(resolve({ url: "u", token: "${env:EMPTY}" }).config).toEqual({ url: "u", token: "" });
  expect(resolve({ url: "{pipeline} ${other}" }).config).toEqual({ url: "{pipeline} ${other}" });
});

test("a secret by its name, which hides it also where only what goes with a secret stands", () => {
  const given = { url: "u", user: "${secret:login}", token: "${secret:db/password}" };
  expect(referencedSecrets([given, { other: "${env:TOKEN}" }])).toEqual(["login", "db/password"]);
  const kept = new Map([["login", "somebody"], ["db/password", "value"]]);
  expect(resolveReferences(given, schema, { owner, env, secrets: kept, strict: true })).toEqual({ config: { url: "u", user: "somebody", token: "value" }, secrets: ["somebody", "value"], hidden: ["somebody", "value"] });
  try { resolveReferences(given, schema, { owner, env, secrets: new Map(), stores: "the file", strict: true }); expect.unreachable(); } catch (e) {
    expect(e).toMatchObject({ code: "MLS2010", message: 'there is no secret "login"', fix: "mlstack secret set login", why: expect.stringContaining("looked for in the file") as string });
  }
});

test("a component gets the value, and what it says of it when it fails is told without it", async () => {
  const seen: unknown[] = [];
  const plugin = definePlugin({ name: "acme", components: [component({
    type: "experiment_tracker", version: 1, flavor: "acme", description: "", config,
    create: (c) => { seen.push(c.token); throw new MlstackError("MLS6002", `refused: ${c.token}`, { why: c.token, fix: "x", details: { token: c.token ?? null }, cause: new Error(`401 for ${c.token}`) }); },
  })] });
  const loader = pluginLoader({ host: { packages: async () => [{ name: "acme", version: "1.0.0", dir: "/acme", source: "installed", manifest: manifestOf(plugin, "./p.js", "*"), load: async () => ({ default: plugin }) }], installCommand: (n) => n.join() }, coreVersion: "0.1.0", env });
  const e: unknown = await loader.create("experiment_tracker", "acme", { url: "u", token: "${env:TOKEN}" }, { name: "t", projectDir: "/", stateDir: "/" }).catch((x: unknown) => x);
  expect(seen).toEqual(["value-of-token"]);
  expect(MlstackError.is(e, "MLS6002") && e.message).toBe("refused: [secret]");
  expect(JSON.stringify(e)).not.toContain("value-of-token");
  await expect(loader.check("experiment_tracker", "acme", { url: "u", token: "plain-secret" }, "t")).rejects.toMatchObject({ code: "MLS2008" });
  const known = redactor();
  const source = { stores: "a test", redactor: known, get: async (name: string) => (name === "t" ? "value-of-t" : undefined) };
  await expect(loader.check("experiment_tracker", "acme", { url: "u", token: "${env:TOKEN}" }, "t", source)).resolves.toBeUndefined();
  await expect(loader.check("experiment_tracker", "acme", { url: "u", token: "${secret:t}" }, "t", source)).resolves.toBeUndefined();
  await expect(loader.check("experiment_tracker", "acme", { url: "u", token: "${secret:other}" }, "t", source)).rejects.toMatchObject({ code: "MLS2010", details: { component: "t", field: "token", secret: "other" } });
  await expect(loader.check("experiment_tracker", "acme", { url: "u", token: "${secret:t}" }, "t")).rejects.toMatchObject({ code: "MLS2010" });
  expect(known.text("value-of-t value-of-token u")).toBe("[secret] [secret] u");
  expect(seen).toHaveLength(1);
});
