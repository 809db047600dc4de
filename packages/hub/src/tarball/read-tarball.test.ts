import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { packed, tarball, tarArchive, type TarEntry } from "../testing/tar.ts";
import { fileDigests, filesDigest } from "./files-digest.ts";
import { readTarball } from "./read-tarball.ts";

const json = { path: "package/package.json", content: "{}" };
const read = (entries: readonly TarEntry[]) => readTarball(tarball([json, ...entries]), "x@1.0.0");

test("a package's files come without the first folder, whatever that is called, in the order of their paths", async () => {
  const files = await readTarball(tarball([{ path: "pkg/b.js", content: "b" }, { path: "pkg/a/", type: "5" }, { path: "./pkg/a/é.js", content: "é" }, { path: "pkg/empty", content: "" }]), "x");
  expect([...files.keys()]).toEqual(["a/é.js", "b.js", "empty"]);
  expect(Buffer.from(files.get("a/é.js")!).toString()).toBe("é");
  expect(files.get("empty")).toHaveLength(0);
});

test("long names and files larger than a block of the reader", async () => {
  const [name, content] = [`${"long/".repeat(40)}name.js`, "x".repeat(300_001)];
  const files = await readTarball(packed({ [name]: content, "b.js": "b" }), "x");
  expect(files.get(name)).toHaveLength(300_001);
  expect(Buffer.from(files.get(name)!).toString()).toBe(content);
});

describe("refused with MLS8202, each beside what is like it and harmless", () => {
  const cases: readonly (readonly [what: string, evil: TarEntry, says: RegExp, benign: TarEntry])[] = [
    ["a path that climbs out", { path: "package/../../evil.js" }, /leads out/, { path: "package/..evil/..js" }],
    ["one that climbs back in", { path: "package/a/../index.js" }, /leads out/, { path: "package/a/..index.js" }],
    ["an absolute path", { path: "/etc/evil" }, /absolute/, { path: "package/etc/evil" }],
    ["a path with a drive", { path: "C:/evil" }, /absolute/, { path: "package/C/evil" }],
    ["a backslash", { path: "package/..\\..\\evil.js" }, /backslash/, { path: "package/evil.js" }],
    ["a stream of NTFS", { path: "package/index.js:evil" }, /character/, { path: "package/index.js.evil" }],
    ["a file beside the folder", { path: "evil.js" }, /beside/, { path: "other/evil.js" }],
    ["an empty part", { path: "package//evil.js" }, /empty part/, { path: "package/evil.js" }],
    ["a name that Windows shortens", { path: "package/evil.js." }, /Windows/, { path: "package/.evil.js" }],
    ["a symbolic link", { path: "package/link", type: "2", linkpath: "/etc/passwd" }, /link is a symbolic link to \/etc\/passwd/, { path: "package/link", content: "/etc/passwd" }],
    ["a symbolic link within the package", { path: "package/link", type: "2", linkpath: "package.json" }, /symbolic link/, { path: "package/link/", type: "5" }],
    ["a hard link", { path: "package/link", type: "1", linkpath: "package/package.json" }, /hard link/, { path: "package/link" }],
    ["a device", { path: "package/dev", type: "3" }, /special file/, { path: "package/dev" }],
    ["a named pipe", { path: "package/pipe", type: "6" }, /special file/, { path: "package/pipe" }],
    ["an entry of an unknown kind", { path: "package/what", type: "V" }, /kind/, { path: "package/what" }],
    ["a second entry of one path", { path: "package/package.json", content: "{\"evil\":1}" }, /two entries/, { path: "package/lib/package.json" }],
    ["the same under another folder", { path: "other/package.json" }, /two entries/, { path: "other/Package2.json" }],
    ["a name that differs by case only", { path: "package/Package.JSON" }, /one name on some systems/, { path: "package/PackageX.JSON" }],
    ["a file where a folder is", { path: "package/package.json/evil.js" }, /one name on some systems/, { path: "package/package.json5/evil.js" }],
  ];
  test.each(cases)("%s", async (_what, evil, says, benign) => {
    await expect(read([evil])).rejects.toMatchObject({ code: "MLS8202", message: expect.stringMatching(says) as string });
    await expect(read([benign])).resolves.toBeInstanceOf(Map);
  });

  test("a name in another form of Unicode", async () => {
    const [composed, decomposed] = ["é", "e\u0301"];
    await expect(read([{ path: `package/${composed}.js` }, { path: `package/${decomposed}.js` }])).rejects.toMatchObject({ code: "MLS8202" });
    const files = await read([{ path: `package/${decomposed}.js` }]);
    expect([...files.keys()]).toContain(`${composed}.js`);
  });

  test("more files or bytes than allowed, and a small archive that would become a large one", async () => {
    const limits = { files: 3, bytes: 1000 };
    const three = { "a.js": "a", "b.js": "b", "c.js": "c" };
    await expect(readTarball(packed(three), "x", limits)).resolves.toHaveProperty("size", 3);
    await expect(readTarball(packed({ ...three, "d.js": "d" }), "x", limits)).rejects.toMatchObject({ code: "MLS8202", message: expect.stringContaining("more than 3 files") as string });
    await expect(readTarball(packed({ "a.js": "a".repeat(1000) }), "x", limits)).resolves.toHaveProperty("size", 1);
    await expect(readTarball(packed({ "a.js": "a".repeat(1001) }), "x", limits)).rejects.toMatchObject({ code: "MLS8202" });
    await expect(readTarball(packed({ "a.js": "a".repeat(50_000_000) }), "x", limits)).rejects.toMatchObject({ code: "MLS8202", message: expect.stringContaining("unpacks to more") as string });
  });

  test("what is no tarball, or ends too early", async () => {
    const { gzipSync } = await import("node:zlib");
    const whole = tarArchive([json, { path: "package/index.js", content: "x".repeat(2000) }]);
    for (const bytes of [Buffer.from("<html>"), gzipSync("no archive at all"), new Uint8Array(), gzipSync(whole.subarray(0, 1800)), packed({})]) {
      await expect(readTarball(bytes, "x")).rejects.toMatchObject({ code: "MLS8202" });
    }
    await expect(readTarball(gzipSync(whole), "x")).resolves.toHaveProperty("size", 2);
  });

  test("a header whose checksum is wrong", async () => {
    const { gzipSync } = await import("node:zlib");
    const bytes = Buffer.from(tarArchive([json, { path: "package/index.js", content: "x" }]));
    bytes[1024 + 3]! ^= 1;
    await expect(readTarball(gzipSync(bytes), "x")).rejects.toMatchObject({ code: "MLS8202" });
  });
});

test("any package is read as it was packed, and no file of it ends up outside", async () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9_-]{0,8}$/);
  const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => `${parts.join("/")}.js`);
  await fc.assert(fc.asyncProperty(fc.dictionary(path, fc.uint8Array({ maxLength: 3000 }), { minKeys: 1, maxKeys: 12, noNullPrototype: true }), async (files) => {
    const got = await readTarball(packed(files), "x");
    expect(new Map([...got].map(([key, bytes]) => [key, Buffer.from(bytes).toString("hex")]))).toEqual(new Map(Object.entries(files).map(([key, bytes]) => [key, Buffer.from(bytes).toString("hex")])));
  }), { numRuns: 60 });
  const part = fc.constantFrom("package", "..", ".", "", "a", "A", "b\\c", "x:y", "/", "node_modules");
  await fc.assert(fc.asyncProperty(fc.array(fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join("/")).filter((p) => p !== ""), { minLength: 1, maxLength: 4 }), async (paths) => {
    const got = await readTarball(tarball(paths.map((each) => ({ path: each, content: "x" }))), "x").catch(() => new Map<string, Uint8Array>());
    for (const each of got.keys()) expect(each).toMatch(/^(?!\.{1,2}(?:\/|$))[^/\\:]+(?:\/(?!\.{1,2}(?:\/|$))[^/\\:]+)*$/);
  }), { numRuns: 200 });
});

test("order, modes and the first folder don't change the digest; names and contents do", async () => {
  const digest = async (bytes: Uint8Array) => filesDigest(fileDigests(await readTarball(bytes, "x")));
  const base = await digest(packed({ "package.json": "{}", "index.js": "1" }));
  expect(await digest(packed({ "index.js": "1", "package.json": "{}" }, "other"))).toBe(base);
  expect(await digest(tarball([{ ...json, mode: 0o755 }, { path: "package/index.js", content: "1" }]))).toBe(base);
  for (const files of [{ "package.json": "{}", "index.js": "2" }, { "package.json": "{}", "index2.js": "1" }, { "package.json": "1", "index.js": "{}" }, { "package.json": "{}", "index.js": "1", "empty": "" }]) expect(await digest(packed(files as Record<string, string>))).not.toBe(base);
});
