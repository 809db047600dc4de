import { expect, test } from "vitest";
import { z } from "zod";
import type { JsonObject } from "../values/json.ts";
import { MlstackError } from "../errors/mlstack-error.ts";
import { component, definePlugin } from "./define-plugin.ts";
import { manifestOf } from "./manifest.ts";
import { pluginLoader } from "./plugin-loader.ts";
import { redactor } from "../values/redactor.ts";
import { hiddenValues, reference, referencedSecrets, referencedVariables, resolveReferences, secret, settledConfig } from "./references.ts";

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
  // an empty value is a value: the schema says whether it will do
  expect(resolve({ url: "u", token: "${env:EMPTY}" }).config).toEqual({ url: "u", token: "" });
  expect(resolve({ url: "{pipeline} ${other}" }).config).toEqual({ url: "{pipeline} ${other}" });
});

test("in a field that is no secret, a variable is an ordinary setting and a secret is a secret", () => {
  const plain = z.strictObject({ url: z.string(), workers: z.int().optional(), share: z.number().optional(), on: z.boolean().optional(), either: z.union([z.string(), z.number()]).optional(), token: secret(z.string()).optional(), user: reference(z.string()).optional() });
  const of = z.toJSONSchema(plain, { io: "input" }) as JsonObject;
  const variables = { URL: "http://here", WORKERS: "4", SHARE: "0.5", ON: "true", TOKEN: "value-of-token", ME: "me" };
  const given = { url: "${env:URL}", workers: "${env:WORKERS}", share: "${env:SHARE}", on: "${env:ON}", either: "${env:WORKERS}", token: "${env:TOKEN}", user: "${env:ME}" };
  const config = { url: "http://here", workers: 4, share: 0.5, on: true, either: "4", token: "value-of-token", user: "me" };
  expect(resolveReferences(given, of, { owner, env: variables, strict: true })).toEqual({ config, secrets: ["value-of-token", "me"], hidden: ["value-of-token"] });
  // kept and compared as it is here; what is a secret, or goes with one, stays a reference, and so does what leads nowhere
  expect(settledConfig(given, of, variables)).toEqual({ ...config, token: "${env:TOKEN}", user: "${env:ME}" });
  expect(settledConfig(given, of, {})).toEqual(given);
  expect(settledConfig({ url: "${secret:url}" }, of, variables)).toEqual({ url: "${secret:url}" });
  expect(resolveReferences({ url: "${secret:url}" }, of, { owner, env: {}, secrets: new Map([["url", "http://me:pass@here"]]), strict: true })).toEqual({ config: { url: "http://me:pass@here" }, secrets: ["http://me:pass@here"], hidden: ["http://me:pass@here"] });
  expect(resolveReferences({ workers: "${env:WORKERS}" }, of, { owner, env: { WORKERS: "four" }, strict: true }).config).toEqual({ workers: "four" });
  expect(hiddenValues({ ...given, url: "${secret:url}" }, of, { env: variables, secrets: new Map([["url", "http://me:pass@here"]]) })).toEqual(["http://me:pass@here", "value-of-token"]);
  expect(hiddenValues({ ...given, url: "${secret:url}" }, of, { env: {} })).toEqual([]);
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
  // what opens secrets hears of those from variables, and has no others
  const heard = redactor();
  await expect(loader.check("experiment_tracker", "acme", { url: "u", token: "${env:TOKEN}" }, "t", { redactor: heard })).resolves.toBeUndefined();
  await expect(loader.check("experiment_tracker", "acme", { url: "u", token: "${secret:t}" }, "t", { redactor: heard })).rejects.toMatchObject({ code: "MLS2010", message: expect.stringContaining("there is none here") as string });
  expect(heard.text("value-of-t value-of-token")).toBe("value-of-t [secret]");
  // without creating, importing or checking anything: also where another part of it is wrong
  const early = redactor();
  await loader.tell("experiment_tracker", "acme", { unknown: 1, token: "${env:TOKEN}", nested: { accessKey: "${secret:t}" }, url: "${secret:broken}" }, { ...source, redactor: early, get: async (name) => { if (name === "broken") throw new Error("no key"); return source.get(name); } });
  expect(early.text("value-of-t value-of-token")).toBe("[secret] [secret]");
  await loader.tell("experiment_tracker", "nobody-has-it", { token: "${env:TOKEN}" }, { redactor: early });
  expect(await loader.settled("experiment_tracker", "acme", { url: "${env:USER_NAME}", token: "${env:TOKEN}", user: "${env:USER_NAME}" })).toEqual({ url: "me", token: "${env:TOKEN}", user: "${env:USER_NAME}" });
  const kept = { url: "${env:USER_NAME}" };
  expect(await loader.settled("experiment_tracker", "nobody-has-it", kept)).toBe(kept);
  expect(seen).toHaveLength(1);
});
