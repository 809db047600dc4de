import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateX25519Identity } from "age-encryption";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fileSecretStore } from "./file-secret-store.ts";
import { systemKeychain, type Keychain } from "./keychain.ts";

let dir: string;
beforeEach(() => { dir = mkdtempSync(join(tmpdir(), "mlstack-keychain-")); });
afterEach(() => { rmSync(dir, { recursive: true, force: true }); });

function memory(over: Partial<Keychain> = {}): Keychain & { readonly entries: Map<string, string> } {
  const entries = new Map<string, string>();
  return { entries, takesNew: true, get: async (account) => entries.get(account), set: async (account, text) => { entries.set(account, text); }, delete: async (account) => { entries.delete(account); }, ...over };
}
const keyFile = () => join(dir, "home", "secrets.key");
const store = (keychain: Keychain | undefined, env: Record<string, string> = {}) => fileSecretStore({ folder: join(dir, "secrets"), keyFile: keyFile(), env, keychain });
const inFile = () => readFileSync(keyFile(), "utf8");

test("a new key is put into the keychain, and the key file only says so", async () => {
  const keychain = memory();
  expect(await store(keychain).set!("a", "value")).toEqual({ replaced: false, notice: expect.stringMatching(/^the key that opens secrets is in the keychain of this system \(mlstack, age1[0-9a-z]+\)$/) as string });
  const [[account, identity] = ["", ""], ...more] = keychain.entries;
  expect([more, account, identity]).toEqual([[], expect.stringMatching(/^age1/), expect.stringMatching(/^AGE-SECRET-KEY-1/)]);
  expect(inFile()).toContain(`keychain:${account}\n`);
  expect(inFile()).not.toContain("AGE-SECRET-KEY");
  if (process.platform !== "win32") expect(statSync(keyFile()).mode & 0o777).toBe(0o600);
  expect(await store(keychain).set!("b", "other")).toEqual({ replaced: false });
  expect([await store(keychain).get("a"), await store(keychain).get("b"), keychain.entries.size]).toEqual(["value", "other", 1]);
  expect((await store(keychain).check!())[0]!.message).toBe(`the key in the keychain is ${account}`);
  // as in CI, where the key is given
  expect(await store(undefined, { MLSTACK_SECRETS_KEY: identity }).get("a")).toBe("value");
});

test.each([
  ["it can't be reached", { set: async () => { throw new Error("DBus error: no session\nand more"); } }, "DBus error: no session"],
  ["it forgets", { set: async () => undefined }, "what it gave back is not what was put there"],
  ["it can't be read", { get: async () => { throw new Error("locked"); } }, "locked"],
])("where %s the key is in the key file, and that is said", async (_, broken, why) => {
  const { notice } = await store(memory(broken)).set!("a", "value");
  expect(notice).toBe(`the key that opens secrets is in ${keyFile()}, which only you can read: keep a copy. It is not in a keychain: ${why}`);
  expect(inFile()).toMatch(/^AGE-SECRET-KEY-1/m);
  // and is never looked for in a keychain afterwards
  expect(await store(memory({ get: async () => { throw new Error("asked"); } })).get("a")).toBe("value");
});

test("without a keychain, and where nothing new is to be put into it, no word is said of it", async () => {
  expect((await store(undefined).set!("a", "value")).notice).toBe(`the key that opens secrets is in ${keyFile()}, which only you can read: keep a copy`);
  rmSync(keyFile());
  const keychain = memory({ takesNew: false });
  expect((await store(keychain).set!("a", "value")).notice).not.toContain("in a keychain");
  expect(keychain.entries.size).toBe(0);
});

test("a key in the keychain that can't be had from there is never made anew: the secrets would be for two keys", async () => {
  const keychain = memory();
  await store(keychain).set!("a", "value");
  const [account = ""] = keychain.entries.keys();
  const refused = { code: "MLS8001", message: "the key for secrets is in the keychain of this system, and can't be had from there", fix: expect.stringContaining("MLSTACK_SECRETS_KEY") as string };
  const before = inFile();
  for (const [broken, why] of [[undefined, "MLSTACK_KEYCHAIN is off"], [memory({ get: async () => { throw new Error("locked"); } }), "it says: locked"], [memory(), `it has none for mlstack, ${account}`]] as const) {
    await expect(store(broken).get("a")).rejects.toMatchObject({ ...refused, why: expect.stringContaining(why) as string });
    await expect(store(broken).set!("b", "value")).rejects.toMatchObject(refused);
  }
  keychain.entries.set(account, await generateX25519Identity());
  await expect(store(keychain).get("a")).rejects.toMatchObject({ ...refused, why: expect.stringContaining("is the key age1") as string });
  keychain.entries.set(account, "a password");
  await expect(store(keychain).get("a")).rejects.toMatchObject({ code: "MLS8001", message: "the keychain holds no key for secrets" });
  expect(inFile()).toBe(before);
  expect(readdirSync(join(dir, "secrets"))).toEqual(["a.json"]);
});

test("many at once make one key, and leave no other in the keychain", async () => {
  const keychain = memory();
  const done = await Promise.all(Array.from({ length: 8 }, (_, i) => store(keychain).set!(`s${i}`, `value ${i}`)));
  expect(done.filter((d) => d.notice !== undefined)).toHaveLength(1);
  expect(keychain.entries.size).toBe(1);
  expect(await Promise.all(Array.from({ length: 8 }, (_, i) => store(keychain).get(`s${i}`)))).toEqual(Array.from({ length: 8 }, (_, i) => `value ${i}`));
});

test("the system's: turned off by a variable, and takes nothing new in CI", () => {
  expect(systemKeychain({ MLSTACK_KEYCHAIN: "off" })).toBeUndefined();
  expect([systemKeychain({})!.takesNew, systemKeychain({ CI: "true" })!.takesNew]).toEqual([true, false]);
});

test.runIf(process.platform === "linux")("the system's, where there is no session: that is said, and no library is loaded", async () => {
  const none = systemKeychain({ XDG_RUNTIME_DIR: dir })!;
  for (const work of [none.get("a"), none.set("a", "b"), none.delete("a")]) await expect(work).rejects.toThrow("this session has none: there is no D-Bus here");
});

test("a key file that was made before stays what it is", async () => {
  await store(undefined).set!("a", "value");
  const keychain = memory();
  expect(await store(keychain).set!("b", "value")).toEqual({ replaced: false });
  expect(keychain.entries.size).toBe(0);
  writeFileSync(keyFile(), inFile().replaceAll("\n", "\r\n"));
  expect(await store(keychain).get("a")).toBe("value");
});
