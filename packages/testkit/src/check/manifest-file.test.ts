import { lstatSync, readFileSync, readdirSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { pluginManifestState, withManifest, writePluginManifest } from "./manifest-file.ts";
import { samplePlugin, writePlugin, type SamplePlugin } from "./testing/sample-plugin.ts";

const made: string[] = [];
afterAll(() => { for (const dir of made) rmSync(dirname(dir), { recursive: true, force: true }); });

function written(change: (plugin: SamplePlugin) => void = () => undefined): string {
  const plugin = samplePlugin();
  change(plugin);
  const dir = writePlugin(plugin);
  made.push(dir);
  return dir;
}

describe("a package.json gets another manifest", () => {
  const manifest = { manifestVersion: 1 };
  test.each<[string, string, string]>([
    ["two blanks, and the order of keys", '{\n  "mlstack": {},\n  "name": "x"\n}\n', '{\n  "mlstack": {\n    "manifestVersion": 1\n  },\n  "name": "x"\n}\n'],
    ["at the end, where there was none", '{\n  "name": "x"\n}\n', '{\n  "name": "x",\n  "mlstack": {\n    "manifestVersion": 1\n  }\n}\n'],
    ["tabs, and no line end at the end", '{\n\t"name": "x"\n}', '{\n\t"name": "x",\n\t"mlstack": {\n\t\t"manifestVersion": 1\n\t}\n}'],
    ["four blanks, and line ends of Windows", '{\r\n    "name": "x"\r\n}\r\n', '{\r\n    "name": "x",\r\n    "mlstack": {\r\n        "manifestVersion": 1\r\n    }\r\n}\r\n'],
    ["a byte order mark", '\uFEFF{\n  "name": "x"\n}\n', '\uFEFF{\n  "name": "x",\n  "mlstack": {\n    "manifestVersion": 1\n  }\n}\n'],
    ["one line", '{"name":"x"}\n', '{"name":"x","mlstack":{"manifestVersion":1}}\n'],
  ])("with %s", (_, before, after) => { expect(withManifest(before, manifest)).toBe(after); });
});

test("what is written is what the code says, and is the same when it is written again", async () => {
  const dir = written(({ json }) => { delete json["mlstack"]; });
  const before = JSON.parse(readFileSync(join(dir, "package.json"), "utf8")) as Record<string, unknown>;
  expect(await pluginManifestState(dir)).toMatchObject({ package: "@acme/mlstack-plugin-acme", entry: "./dist/index.js", same: false, differs: ["mlstack"] });
  expect(await writePluginManifest(dir)).toMatchObject({ same: false });
  expect(JSON.parse(readFileSync(join(dir, "package.json"), "utf8"))).toEqual({ ...before, mlstack: samplePlugin().json["mlstack"] });
  const { mtimeMs } = statSync(join(dir, "package.json"));
  expect(await writePluginManifest(dir)).toMatchObject({ same: true, differs: [] });
  expect(statSync(join(dir, "package.json")).mtimeMs).toBe(mtimeMs);
});

test.skipIf(process.platform === "win32")("a package.json that is a link stays one", async () => {
  const dir = written(({ json }) => { delete json["mlstack"]; });
  const [link, file] = [join(dir, "package.json"), join(dir, "..", "shared.json")];
  renameSync(link, file);
  symlinkSync(join("..", "shared.json"), link);
  expect(await writePluginManifest(dir)).toMatchObject({ same: false });
  expect([lstatSync(link).isSymbolicLink(), JSON.parse(readFileSync(file, "utf8"))]).toEqual([true, expect.objectContaining({ mlstack: samplePlugin().json["mlstack"] })]);
  expect([...readdirSync(dir), ...readdirSync(join(dir, ".."))].filter((name) => name.endsWith(".tmp"))).toEqual([]);
});

test("the place of a difference is named; an order of keys is none", async () => {
  const dir = written(({ json }) => {
    const { components, ...rest } = json["mlstack"] as { components: Record<string, unknown>[] };
    json["mlstack"] = { components: [{ ...components[0], description: "Other" }], ...rest };
  });
  expect((await pluginManifestState(dir)).differs).toEqual(["components[0].description"]);
});

test.each<[string, (plugin: SamplePlugin) => void, string, RegExp]>([
  ["no core is named", ({ json }) => { delete json["peerDependencies"]; }, "MLS8711", /does not say which @mlstack\/core/],
  ["nothing is built", ({ files }) => { delete files["dist/index.js"]; }, "MLS8712", /is not built: there is no \.\/dist\/index\.js/],
  ["the code throws", ({ files }) => { files["dist/index.js"] = 'throw new TypeError("no");\n'; }, "MLS8712", /it throws TypeError: no/],
])("refused where %s, and nothing is written", async (_, change, code, says) => {
  const dir = written(change);
  const before = readFileSync(join(dir, "package.json"), "utf8");
  await expect(writePluginManifest(dir)).rejects.toMatchObject({ code, message: expect.stringMatching(says) as string });
  expect(readFileSync(join(dir, "package.json"), "utf8")).toBe(before);
});

test("an entry that the manifest names goes before the usual ones", async () => {
  const dir = written(({ json, files }) => { files["dist/plugin.js"] = files["dist/index.js"]!; json["mlstack"] = { entry: "./dist/plugin.js" }; });
  writeFileSync(join(dir, "dist", "index.js"), "export default 1;\n");
  expect(await pluginManifestState(dir)).toMatchObject({ entry: "./dist/plugin.js" });
});
