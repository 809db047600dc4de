import { mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { madePlugin } from "../testing/plugins.ts";
import { notOnWindows } from "../testing/skips.ts";
import { readTarball } from "../tarball/read-tarball.ts";
import { fileDigests } from "../tarball/files-digest.ts";
import { packageOf } from "../tarball/package-json.ts";
import { lockEntry } from "./lock-entry.ts";
import { LOCK_FILE, lockText, overridesIn, parseLock, readLock, writeLock, type Lock, type LockedPlugin } from "./lock.ts";
import { manifestFacts, permissionsBeyond } from "./manifest-facts.ts";

async function locked(options: Parameters<typeof madePlugin>[0] = {}): Promise<LockedPlugin> {
  const { tarball, version, files } = madePlugin(options);
  return lockEntry({ package: packageOf(files["package.json"]!, "x"), source: "registry", tarball: { files: fileDigests(await readTarball(tarball, "x")), integrity: version.integrity! }, trust: { provenance: false } });
}

let lock: Lock;
beforeEach(async () => { lock = { plugins: { "@acme/mlstack-plugin-x": await locked({ node: ">=22" }), "b-plugin": await locked({ name: "b-plugin", core: "^0.2.0" }) } }; });

test("what the file looks like, to the byte", () => {
  expect(lockText(lock)).toBe(readFileSync(join(import.meta.dirname, "fixtures", "mlstack.lock"), "utf8"));
});

test("the fixture is read alike with the line ends of Windows and a byte order mark, and written back to the same bytes", () => {
  const golden = readFileSync(join(import.meta.dirname, "fixtures", "mlstack.lock"), "utf8");
  for (const text of [golden, golden.replaceAll("\n", "\r\n"), `\uFEFF${golden}`, JSON.stringify(JSON.parse(golden))]) expect(lockText(parseLock(text))).toBe(golden);
  expect(golden).not.toContain("\r");
});

test("the order in which it was put together does not change its bytes", () => {
  const reversed = { plugins: Object.fromEntries(Object.entries(lock.plugins).toReversed().map(([name, entry]) => [name, Object.fromEntries(Object.entries(entry).toReversed()) as unknown as LockedPlugin])) };
  expect(lockText(reversed)).toBe(lockText(lock));
});

test("folders in the place of published packages are known by it", () => {
  const folder = { ...lockEntry({ package: packageOf(madePlugin({}).files["package.json"]!, "x"), source: "workspace", trust: { provenance: false } }) };
  const mixed: Lock = { plugins: { ...lock.plugins, c: folder, a: { ...folder, trust: { provenance: false, override: "accepted" } } } };
  expect(overridesIn(parseLock(lockText(mixed)))).toEqual(["a"]);
});

test("nothing of a registry, a machine or a person is in it", () => {
  expect(lockText(lock)).not.toMatch(/https?:|\/\/[a-z]|localhost|tmp|20\d\d-/);
  expect(Object.keys(JSON.parse(lockText(lock)) as object)).toEqual(["//", "lockVersion", "plugins"]);
});

describe("what mlstack does not write is refused with MLS8205, each beside what is like it and right", () => {
  type Edit = (text: string) => string;
  const cases: readonly (readonly [what: string, evil: Edit, says: RegExp, benign: Edit])[] = [
    ["a merge that was not finished", (t) => t.replace('    "b-plugin"', '<<<<<<< HEAD\n    "b-plugin"'), /mlstack.lock:\d+:1: a merge/, (t) => t.replace('"generated', '"<<<<<<< generated')],
    ["a missing comma", (t) => t.replace('"lockVersion": 1,', '"lockVersion": 1'), /mlstack.lock:4:3: "\\"" where a comma/, (t) => t.replace('"lockVersion": 1,', '"lockVersion":1 ,')],
    ["a comma too many", (t) => t.replace(/\n\}\n$/, ",\n}\n"), /"}" where a name/, (t) => `${t}\n\n`],
    ["a file that was cut off", (t) => t.slice(0, 200), /the end where/, (t) => t.slice(0, -1)],
    ["an integration twice", (t) => t.replace('"b-plugin"', '"@acme/mlstack-plugin-x"'), /the name "@acme\/mlstack-plugin-x" a second time/, (t) => t.replace('"b-plugin"', '"@acme/mlstack-plugin-y"')],
    ["one field twice, of which the second would count", (t) => t.replace('"version": "1.0.0"', '"version": "1.0.0",\n      "version": "0.9.0"'), /"version" a second time/, (t) => t.replace('"version": "1.0.0"', '"version": "0.9.0"')],
    ["a name that is a path", (t) => t.replace('"b-plugin"', '"../../b-plugin"'), /no package's name/, (t) => t.replace('"b-plugin"', '"b..plugin"')],
    ["a digest that is none", (t) => t.replace(/"files": "sha256:.{64}"/, '"files": "sha256:abc"'), /files: must be sha256/, (t) => t.replace(/"files": "sha256:.{64}"/, `"files": "sha256:${"a".repeat(64)}"`)],
    ["no digest of the files", (t) => t.replace(/"files": "sha256:.{64}",/, ""), /files: is missing/, (t) => t.replace(/"node": ">=22",/, "")],
    ["a weaker integrity", (t) => t.replace(/"integrity": "sha512-[^"]+"/, '"integrity": "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk="'), /integrity: must be a sha512/, (t) => t],
    ["a source that there is not", (t) => t.replace('"source": "registry"', '"source": "git"'), /source: /, (t) => t.replace('"source": "registry"', '"source": "tarball"')],
    ["a field that nobody reads", (t) => t.replace('"version": "1.0.0"', '"version": "1.0.0", "skip": true'), /skip/, (t) => t],
    ["no version of the format", (t) => t.replace('"lockVersion": 1,', ""), /lockVersion/, (t) => t],
    ["an older version than there ever was", (t) => t.replace('"lockVersion": 1', '"lockVersion": 0'), /lockVersion/, (t) => t],
    ["a published package in the place of itself", (t) => t.replace('"provenance": false', '"override": "accepted",\n        "provenance": false'), /trust\.override: only a folder/, (t) => t.replace('"provenance": false', '"cooldown": "excepted",\n        "provenance": false')],
    ["text that is no JSON", () => "plugins:\n  a: 1\n", /mlstack.lock:1:1: "p" where a value/, () => '{"lockVersion":1,"plugins":{}}'],
    ["nothing", () => "", /mlstack.lock:1:1: the end/, () => '{ "plugins": {}, "lockVersion": 1 }'],
  ];
  test.each(cases)("%s", (_what, evil, says, benign) => {
    let found: unknown;
    try { parseLock(evil(lockText(lock))); } catch (e) { found = e; }
    expect(found).toMatchObject({ code: "MLS8205", message: expect.stringMatching(says) as string });
    expect(() => parseLock(benign(lockText(lock)))).not.toThrow();
  });

  test("one of a newer version, with its own code", () => {
    expect(() => parseLock(lockText(lock).replace('"lockVersion": 1', '"lockVersion": 2'))).toThrow(expect.objectContaining({ code: "MLS8206" }) as Error);
  });
});

test("the place of a mistake is where JSON.parse sees it, for any text that is cut or changed", () => {
  const text = lockText({ plugins: {} });
  fc.assert(fc.property(fc.nat(text.length), fc.constantFrom("", "x", '"', "{", "}", ",", "\\"), (at, put) => {
    const changed = `${text.slice(0, at)}${put}${text.slice(at + 1)}`;
    let valid = true;
    try { JSON.parse(changed); } catch { valid = false; }
    let code: unknown;
    let message = "";
    try { parseLock(changed); } catch (e) { ({ code, message } = e as { code: string; message: string }); }
    if (!valid) expect(code).toBe("MLS8205");
    if (!valid) expect(message).toMatch(/^mlstack\.lock:\d+:\d+: /);
  }), { numRuns: 300 });
});

describe("as a file", () => {
  let dir: string;
  beforeEach(() => { dir = mkdtempSync(join(tmpdir(), "mlstack-hub-")); });
  afterEach(() => { rmSync(dir, { recursive: true, force: true }); });

  test("is written whole, read back, and leaves nothing beside it", async () => {
    expect(await readLock(dir)).toBeUndefined();
    writeFileSync(join(dir, LOCK_FILE), "an older one");
    await writeLock(dir, lock);
    expect(await readLock(dir)).toEqual(lock);
    expect(readdirSync(dir)).toEqual([LOCK_FILE]);
  });

  test("that is a link stays one: what it leads to is written, whether that is there or not", async (context) => {
    notOnWindows(context, "links need a right there that users do not have");
    mkdirSync(join(dir, "shared"));
    symlinkSync(join("shared", "the.lock"), join(dir, LOCK_FILE));
    for (const each of [lock, { plugins: {} }]) {
      await writeLock(dir, each);
      expect([await readLock(dir), readlinkSync(join(dir, LOCK_FILE)), readdirSync(join(dir, "shared")), readdirSync(dir).toSorted()]).toEqual([each, join("shared", "the.lock"), ["the.lock"], [LOCK_FILE, "shared"]]);
    }
  });

  test("one that can't be written leaves the old one as it was", async () => {
    const gone = join(dir, "gone");
    await expect(writeLock(gone, lock)).rejects.toThrow(/ENOENT/);
    expect(readdirSync(dir)).toEqual([]);
  });
});

test("what the lock holds of a manifest changes with what it says, and not with the order of its keys", () => {
  const { packageJson } = madePlugin();
  const manifest = packageJson["mlstack"] as Record<string, unknown>;
  const facts = manifestFacts(manifest);
  expect(manifestFacts(Object.fromEntries(Object.entries(manifest).toReversed()))).toEqual(facts);
  expect(facts).toMatchObject({ contracts: ["artifact_store@1"], core: "^0.1.0", capabilities: { env: [], files: [], hosts: ["*"], processes: [] } });
  const wider = manifestFacts(madePlugin({ permissions: { hosts: ["*", "evil.example"], env: ["HOME"] } }).version.manifest);
  expect(wider.configSchema).toBe(facts.configSchema);
  expect(wider.manifest).not.toBe(facts.manifest);
  expect(permissionsBeyond(facts.capabilities, wider.capabilities)).toEqual(["env: HOME", "hosts: evil.example"]);
  expect(permissionsBeyond(wider.capabilities, facts.capabilities)).toEqual([]);
});
