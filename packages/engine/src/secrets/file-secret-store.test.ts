import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateX25519Identity } from "age-encryption";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fileSecretStore } from "./file-secret-store.ts";
import { keyFileOf } from "./secret-key.ts";

let dir: string;
beforeEach(() => { dir = mkdtempSync(join(tmpdir(), "mlstack-secrets-")); });
afterEach(() => { rmSync(dir, { recursive: true, force: true }); });

const folder = () => join(dir, "secrets");
const keyFile = () => join(dir, "home", "secrets.key");
const store = (env: Record<string, string> = {}) => fileSecretStore({ folder: folder(), keyFile: keyFile(), env });
const fileOf = (name: string) => join(folder(), `${encodeURIComponent(name)}.json`);
const CANARY = "canary-of-the-file-store";

test("what is set is got, replaced, listed and deleted", async () => {
  const s = fileSecretStore({ folder: folder(), keyFile: keyFile(), env: {}, now: () => new Date("2026-01-02T03:04:05Z") });
  expect(await s.list!()).toEqual([]);
  expect(await s.set!("team/db-password", CANARY)).toEqual({ replaced: false, notice: expect.stringContaining(keyFile()) as string });
  expect(await s.set!("a", "1")).toEqual({ replaced: false });
  expect(await s.set!("a", "2\n")).toEqual({ replaced: true });
  expect(await Promise.all([s.get("team/db-password"), s.get("a"), s.get("b"), s.get("No Name")])).toEqual([CANARY, "2\n", undefined, undefined]);
  expect(await s.list!()).toEqual([{ name: "a", changedAt: new Date("2026-01-02T03:04:05Z") }, { name: "team/db-password", changedAt: new Date("2026-01-02T03:04:05Z") }]);
  expect([await s.delete!("a"), await s.delete!("a"), await s.get("a")]).toEqual([true, false, undefined]);
});

test("no byte on disk tells the value, and files and key are for this user alone", async () => {
  await store().set!("a", CANARY);
  for (const file of readdirSync(dir, { recursive: true, withFileTypes: true }).filter((e) => e.isFile())) {
    const path = join(file.parentPath, file.name);
    const bytes = readFileSync(path);
    expect(bytes.includes(CANARY)).toBe(false);
    expect(bytes.includes(Buffer.from(CANARY).toString("base64"))).toBe(false);
    if (process.platform !== "win32") expect(statSync(path).mode & 0o777, path).toBe(0o600);
  }
});

test("the key of another, no key, and what is damaged are told apart", async () => {
  await store().set!("a", CANARY);
  const [key, other] = [readFileSync(keyFile(), "utf8"), await generateX25519Identity()];
  await expect(store({ MLSTACK_SECRETS_KEY: other }).get("a")).rejects.toMatchObject({ code: "MLS8001", message: 'the secret "a" was made for another key' });
  expect(await store({ MLSTACK_SECRETS_KEY: key }).get("a")).toBe(CANARY);
  renameSync(keyFile(), `${keyFile()}.away`);
  await expect(store().get("a")).rejects.toMatchObject({ code: "MLS8001", message: 'there is no key for the secret "a"' });
  renameSync(`${keyFile()}.away`, keyFile());
  const whole = readFileSync(fileOf("a"), "utf8");
  const sealed = JSON.parse(whole) as { age: string; secretVersion: number };
  for (const damaged of ["", "{", whole.slice(0, -20), whole.replace(/[A-Za-z](?=[^A-Za-z]*"\s*}\s*$)/, "!"), JSON.stringify({ ...sealed, age: sealed.age.replace(/\n([A-Za-z])/, (_, c: string) => `\n${c === "A" ? "B" : "A"}`) })]) {
    writeFileSync(fileOf("a"), damaged);
    await expect(store().get("a"), damaged).rejects.toMatchObject({ code: "MLS8002", fix: "set it again: mlstack secret set a" });
    // it is listed, so that it can be found, and set again
    expect(await store().list!()).toEqual([{ name: "a" }]);
  }
  writeFileSync(fileOf("a"), JSON.stringify({ ...sealed, secretVersion: 2 }));
  await expect(store().get("a")).rejects.toMatchObject({ code: "MLS8002", message: expect.stringContaining("newer version") as string });
  expect(await store().set!("a", "new")).toEqual({ replaced: true });
  expect(await store().get("a")).toBe("new");
});

test("a file that was put in the place of another is not taken for it", async () => {
  await store().set!("small", "x".repeat(8));
  renameSync(fileOf("small"), fileOf("admin"));
  await expect(store().get("admin")).rejects.toMatchObject({ code: "MLS8002" });
});

test.each(["a password", "AGE-SECRET-KEY-1", "AGE-SECRET-KEY-1QQQQ", "# only a comment"])("%j is no key", async (text) => {
  await expect(store({ MLSTACK_SECRETS_KEY: text }).set!("a", "v")).rejects.toMatchObject({ code: "MLS8001", message: "MLSTACK_SECRETS_KEY holds no key for secrets" });
  expect(existsSync(folder())).toBe(false);
});

test.skipIf(process.platform === "win32")("a key that others can read is refused", async () => {
  await store().set!("a", "value");
  chmodSync(keyFile(), 0o644);
  await expect(store().get("a")).rejects.toMatchObject({ code: "MLS8001", fix: `chmod 600 ${keyFile()}` });
});

test("names and values that it does not take", async () => {
  await expect(store().set!("DB_Password", "v")).rejects.toMatchObject({ code: "MLS8004", fix: "call it db_password" });
  await expect(store().set!("../../up", "v")).rejects.toMatchObject({ code: "MLS8004" });
  await expect(store().set!("a", "")).rejects.toMatchObject({ code: "MLS8004" });
  await expect(store().set!("a", "x".repeat(64 * 1024 + 1))).rejects.toMatchObject({ code: "MLS8004" });
  expect(existsSync(keyFile())).toBe(false);
});

test("many at once lose nothing, the key that the first of them makes included", async () => {
  await Promise.all(Array.from({ length: 12 }, (_, i) => store().set!(`s${i}`, `value of ${i}`)));
  expect(await Promise.all(Array.from({ length: 12 }, (_, i) => store().get(`s${i}`)))).toEqual(Array.from({ length: 12 }, (_, i) => `value of ${i}`));
  expect(readdirSync(folder()).filter((f) => !f.endsWith(".json"))).toEqual([]);
});

test("whatever text is kept comes back", async () => {
  await fc.assert(fc.asyncProperty(fc.string({ unit: "grapheme", minLength: 1, maxLength: 200 }), async (value) => {
    await store().set!("any", value);
    expect(await store().get("any")).toBe(value);
  }), { numRuns: 25 });
}, 60_000);

test("the key file is this user's, outside of projects", () => {
  expect(keyFileOf({ HOME: "/home/me", USERPROFILE: "/home/me" })).toBe(join("/home/me", ".config", "mlstack", "secrets.key"));
  expect(keyFileOf({ HOME: "/home/me", XDG_CONFIG_HOME: "/cfg", APPDATA: "/cfg" })).toBe(join("/cfg", "mlstack", "secrets.key"));
});
