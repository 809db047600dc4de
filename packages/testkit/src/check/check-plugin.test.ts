import { rmSync, utimesSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { checkPlugin, type CheckFinding } from "./check-plugin.ts";
import { RULES } from "./rules/index.ts";
import { samplePlugin, writePlugin, type SamplePlugin } from "./testing/sample-plugin.ts";

const made: string[] = [];
afterAll(() => { for (const dir of made) rmSync(dirname(dir), { recursive: true, force: true }); });

async function findingsOf(change: (plugin: SamplePlugin) => void = () => undefined, after: (dir: string) => void = () => undefined): Promise<readonly CheckFinding[]> {
  const plugin = samplePlugin();
  change(plugin);
  const dir = writePlugin(plugin);
  made.push(dir);
  after(dir);
  return (await checkPlugin(dir)).findings;
}

/** One that differs from the good one in what a rule looks at, and what is found then. `also` are rules that the same fault breaks. */
interface Twin {
  readonly title: string;
  readonly change?: (plugin: SamplePlugin) => void;
  readonly after?: (dir: string) => void;
  readonly found: RegExp;
  readonly also?: readonly string[];
}

const entry = (from: string, to: string) => ({ files }: SamplePlugin): void => { files["dist/index.js"] = replaced(files["dist/index.js"]!, from, to); };
const atTop = (code: string) => ({ files }: SamplePlugin): void => { files["dist/index.js"] = `${code}\n${files["dist/index.js"]!}`; };
const json = (fields: Readonly<Record<string, unknown>>) => (plugin: SamplePlugin): void => { Object.assign(plugin.json, fields); for (const [key, value] of Object.entries(fields)) if (value === undefined) delete plugin.json[key]; };
const readme = (from: string, to: string) => ({ files }: SamplePlugin): void => { files["README.md"] = replaced(files["README.md"]!, from, to); };
const file = (path: string, text = "") => ({ files }: SamplePlugin): void => { files[path] = text; };
/** Changes manifest and code alike: the rule looks at what both say. */
const both = (from: string, to: string, inManifest: (manifest: { components: Record<string, unknown>[] }) => void) => (plugin: SamplePlugin): void => { entry(from, to)(plugin); inManifest(plugin.json["mlstack"] as never); };
const manifestOf = (change: (component: Record<string, unknown>) => void) => (manifest: { components: Record<string, unknown>[] }): void => { change(manifest.components[0]!); };
const properties = (component: Record<string, unknown>): Record<string, Record<string, unknown>> => (component["config"] as { properties: Record<string, Record<string, unknown>> }).properties;

function replaced(text: string, from: string, to: string): string {
  if (!text.includes(from)) throw new Error(`the sample does not hold ${from}`);
  return text.replace(from, to);
}

const TWINS: Readonly<Record<string, readonly Twin[]>> = {
  "package.name": [{ title: "another form", change: (p) => { json({ name: "acme-for-mlstack" })(p); entry("@acme/mlstack-plugin-acme", "acme-for-mlstack")(p); p.files["README.md"] = p.files["README.md"]!.replaceAll("@acme/mlstack-plugin-acme", "acme-for-mlstack"); }, found: /it is called "acme-for-mlstack"/ }],
  "package.publishable": [{ title: "no version of semver", change: json({ version: "1.0" }), found: /its version is "1.0"/ }, { title: "private", change: json({ private: true }), found: /"private" is true/ }],
  "package.description": [{ title: "none", change: json({ description: " " }), found: /there is none/ }],
  "package.repository": [{ title: "none", change: json({ repository: undefined }), found: /no repository/ }],
  "keywords.mlstack-plugin": [{ title: "another keyword", change: json({ keywords: ["mlstack"] }), found: /its keywords are mlstack/ }],
  license: [{ title: "no field", change: json({ license: undefined }), found: /names no licence/ }, { title: "no file", change: ({ files }) => { delete files["LICENSE"]; }, found: /no file LICENSE/ }],
  engines: [{ title: "none", change: json({ engines: undefined }), found: /no engines\.node/ }, { title: "any Node", change: json({ engines: { node: "*" } }), found: /engines\.node is "\*"/ }],
  "package.esm": [{ title: "CommonJS", change: json({ type: "commonjs" }), found: /its type is "commonjs"/, also: ["import.works"] }],
  "package.exports": [
    { title: "no entry", change: json({ exports: { "./plugin": { types: "./dist/index.d.ts", default: "./dist/index.js" }, "./package.json": "./package.json" } }), found: /no entry "\."/ },
    { title: "package.json is hidden", change: json({ exports: { ".": { types: "./dist/index.d.ts", default: "./dist/index.js" } } }), found: /no entry "\.\/package\.json"/ },
    { title: "types behind default", change: json({ exports: { ".": { default: "./dist/index.js", types: "./dist/index.d.ts" }, "./package.json": "./package.json" } }), found: /"types" does not come first/ },
    { title: "a file that is not there", change: json({ exports: { ".": { types: "./dist/index.d.ts", default: "./dist/index.js" }, "./more": { types: "./dist/index.d.ts", default: "./dist/more.js" }, "./package.json": "./package.json" } }), found: /\.\/more leads to \.\/dist\/more\.js, which is not there/ },
  ],
  "publish.access": [{ title: "not said", change: json({ publishConfig: undefined }), found: /publishConfig\.access is not given/ }],
  "no-install-scripts": [{ title: "a script", change: json({ scripts: { postinstall: "node setup.js" } }), found: /the script postinstall/ }, { title: "a compiler", change: file("binding.gyp", "{}"), found: /binding\.gyp/ }],
  "types.resolve": [
    { title: "an entry without", change: json({ exports: { ".": "./dist/index.js", "./package.json": "./package.json" } }), found: /\. has no "types"/ },
    { title: "of a package that is none of its", change: file("dist/store.d.ts", 'export declare const x: import("other-sdk").Client;\n'), found: /it names other-sdk/ },
  ],
  "peer.core": [
    { title: "none", change: (p) => { json({ peerDependencies: undefined, dependencies: { ...(p.json["dependencies"] as object), "@mlstack/core": ">=0.1.0 <1" } })(p); }, found: /it is no peer/, also: ["deps.no-core-copy"] },
    { title: "without an end", change: (p) => { json({ peerDependencies: { "@mlstack/core": ">=0.1.0" } })(p); Object.assign(p.json["mlstack"] as object, { core: ">=0.1.0" }); }, found: /has no end/ },
  ],
  "deps.no-core-copy": [{ title: "the engine", change: (p) => { json({ dependencies: { ...(p.json["dependencies"] as object), "@mlstack/engine": "^0.1.0" } })(p); }, found: /dependencies has @mlstack\/engine/ }],
  "deps.not-bundled": [{ title: "its SDK", change: json({ bundleDependencies: ["acme-sdk"] }), found: /bundleDependencies has acme-sdk/ }],
  "deps.from-registry": [{ title: "a folder", change: json({ dependencies: { zod: "^4.0.0", "acme-sdk": "file:../acme-sdk" } }), found: /acme-sdk "file:/ }, { title: "a repository", change: json({ dependencies: { zod: "^4.0.0", "acme-sdk": "git+https://example.com/sdk.git" } }), found: /acme-sdk "git/ }],
  "deps.declared": [
    { title: "a package that only development has", change: (p) => { file("dist/more.js", 'export const more = () => import("other-sdk/client");\n')(p); json({ devDependencies: { "other-sdk": "^1.0.0" } })(p); }, found: /it imports other-sdk, which is in devDependencies only/ },
    { title: "one that is required", change: file("dist/more.js", 'import { createRequire } from "node:module";\nconst load = createRequire(import.meta.url);\nexport const more = () => [load("@other/sdk/x"), createRequire(import.meta.url).resolve("third")];\n'), found: /it imports @other\/sdk, which is no dependency\nit imports third,/ },
    { title: "one of a CommonJS module's", change: file("dist/more.cjs", 'exports.more = () => require("other-sdk");\n'), found: /it imports other-sdk/ },
  ],
  "import.no-sdk": [
    { title: "in the entry", change: atTop('import "acme-sdk";'), found: /acme-sdk is loaded when \.\/dist\/index\.js is imported/ },
    { title: "in a module of the entry's", change: atTop('import "./store.js";'), found: /acme-sdk is loaded/ },
  ],
  "import.no-effects": [
    { title: "a connection", change: atTop('import net from "node:net";\nconst s = net.connect(1, "127.0.0.1"); s.on("error", () => {}); s.destroy();'), found: /it connects to 127\.0\.0\.1:1/ },
    { title: "a request", change: atTop('fetch("http://127.0.0.1:1/").catch(() => {});'), found: /it asks http:\/\/127\.0\.0\.1:1\// },
    { title: "a port", change: atTop('import { createServer } from "node:http";\ncreateServer().listen(0, "127.0.0.1");'), found: /it listens on a port/ },
    { title: "a process", change: atTop('import { execFileSync } from "node:child_process";\nexecFileSync(process.execPath, ["--version"]);'), found: /it starts / },
    { title: "a file that is read", change: atTop('import { readFileSync } from "node:fs";\nreadFileSync(new URL("../../node_modules/acme-sdk/package.json", import.meta.url));'), found: /it reads .*acme-sdk.package\.json/ },
    { title: "a folder that is read, by promises", change: atTop('import { readdir } from "node:fs/promises";\nawait readdir("..");'), found: /it reads / },
    { title: "a file that is written", change: atTop('import fs from "node:fs";\nfs.writeFileSync(new URL("./state", import.meta.url), "");'), found: /it changes .*state/ },
    { title: "a variable that is read", change: atTop("const home = process.env.ACME_HOME;"), found: /it reads the variable ACME_HOME/ },
    { title: "a variable that is set", change: atTop('process.env.ACME_HOME = "x";'), found: /it sets the variable ACME_HOME/ },
    { title: "a timer", change: atTop("setInterval(() => {}, 1000);"), found: /leaves something running \(Timeout\)/ },
    { title: "output", change: atTop('console.log("acme");'), found: /it prints "acme\\n" to stdout/ },
    { title: "a global", change: atTop("globalThis.acme = 1;"), found: /it sets the global acme/ },
    { title: "a listener", change: atTop('process.on("SIGTERM", () => {});'), found: /it listens to the process's SIGTERM/ },
  ],
  "import.works": [
    { title: "it throws", change: atTop('throw new Error("no key");'), found: /it throws Error: no key/ },
    { title: "it ends the process", change: atTop("process.exit(7);"), found: /it ended the process with 7/ },
    { title: "it exports something else", change: file("dist/index.js", "export default {};\n"), found: /its default export is no plugin/ },
    { title: "it is not built", change: ({ files }) => { delete files["dist/index.js"]; }, found: /there is no \.\/dist\/index\.js/, also: ["package.exports"] },
  ],
  "manifest.present": [{ title: "none", change: json({ mlstack: undefined }), found: /there is none/ }, { title: "an invalid one", change: (p) => { Object.assign(p.json["mlstack"] as object, { manifestVersion: 2 }); }, found: /manifestVersion/, also: ["manifest.equals-code"] }],
  "manifest.equals-code": [{ title: "another default", change: entry("default(8)", "default(16)"), found: /they differ at components\[0\]\.config/ }],
  "manifest.name": [{ title: "another package's", change: entry("@acme/mlstack-plugin-acme", "@acme/other"), found: /it says "@acme\/other"/ }],
  "manifest.not-empty": [{ title: "nothing", change: (p) => { p.files["dist/index.js"] = 'import { definePlugin } from "@mlstack/core";\nexport default definePlugin({ name: "@acme/mlstack-plugin-acme" });\n'; Object.assign(p.json["mlstack"] as object, { components: [] }); }, found: /it offers nothing/, also: ["readme.config-keys"] }],
  "contract.known": [
    { title: "a newer version", change: both("version: 1", "version: 9", manifestOf((c) => { c["contract"] = "artifact_store@9"; })), found: /is for artifact_store@9; accepted are artifact_store@1/ },
    { title: "a type without a namespace", change: both('type: "artifact_store"', 'type: "vector_index"', manifestOf((c) => { c["contract"] = "vector_index@1"; })), found: /is for vector_index@1/, also: ["import.works"] },
  ],
  "flavor.name": [
    { title: "one of ours", change: both('flavor: "acme"', 'flavor: "s3"', manifestOf((c) => { c["flavor"] = "s3"; })), found: /"s3" .* is what @mlstack\/plugin-s3 offers/ },
    { title: "a built-in one", change: both('flavor: "acme"', 'flavor: "acme", aliases: ["local"]', manifestOf((c) => { c["aliases"] = ["local"]; })), found: /"local" .* is built in/ },
    { title: "no word", change: both('flavor: "acme"', 'flavor: "acme_"', manifestOf((c) => { c["flavor"] = "acme_"; })), found: /"acme_" .* is no such word/ },
  ],
  "description.present": [{ title: "none", change: both("Artifacts in buckets of Acme", "", manifestOf((c) => { c["description"] = ""; })), found: /artifact_store@1\/acme has none/ }],
  "permissions.declared": [{ title: "not said", change: both('permissions: { hosts: ["*"] },', "", manifestOf((c) => { c["permissions"] = { hosts: [], files: [], processes: [], env: [] }; })), found: /artifact_store@1\/acme says nothing/, also: ["permissions.fit-config"] }],
  "permissions.fit-config": [{ title: "an address, and no hosts", change: both('permissions: { hosts: ["*"] }', "permissions: {}", manifestOf((c) => { c["permissions"] = { hosts: [], files: [], processes: [], env: [] }; })), found: /has the key endpoint, and declares no hosts/ }],
  "errors.codes": [{ title: "one of its own", change: file("dist/store.js", 'new MlstackError("MLS6999", "x");\n'), found: /MLS6999 is none/ }],
  "config.strict": [
    { title: "the whole", change: both("config: z.strictObject", "config: z.looseObject", manifestOf((c) => { (c["config"] as Record<string, unknown>)["additionalProperties"] = {}; })), found: /artifact_store@1\/acme takes any key/ },
    { title: "an object in it", change: both("login: z.strictObject", "login: z.looseObject", manifestOf((c) => { properties(c)["login"]!["additionalProperties"] = {}; })), found: /login of artifact_store@1\/acme takes any key/ },
  ],
  "config.documented": [{ title: "a key of an object in it", change: both('.describe("A token of the service.")', "", manifestOf((c) => { delete (properties(c)["login"]!["properties"] as Record<string, Record<string, unknown>>)["token"]!["description"]; })), found: /login\.token of .* has none/ }],
  "config.key-names": [{ title: "snake_case", change: both("partSize:", "part_size:", manifestOf((c) => { const { partSize, ...rest } = properties(c); (c["config"] as Record<string, unknown>)["properties"] = { ...rest, part_size: partSize }; })), found: /part_size of .* is not/ }],
  "secrets.marked": [{ title: "a token as text", change: both("secret(z.string())", "z.string()", manifestOf((c) => { delete (properties(c)["login"]!["properties"] as Record<string, Record<string, unknown>>)["token"]!["secret"]; })), found: /login\.token of .* is not marked/ }],
  "readme.sections": [
    { title: "no README", change: ({ files }) => { delete files["README.md"]; }, found: /there is none/ },
    { title: "another title", change: readme("# @acme/mlstack-plugin-acme", "# Acme"), found: /its title is "Acme"/ },
    { title: "no installation", change: readme("npm install @acme/mlstack-plugin-acme", "npm install acme-sdk"), found: /no block of code installs/ },
    { title: "no section", change: readme("## Configuration", "## Settings"), found: /no section Configuration/ },
  ],
  "readme.config-keys": [{ title: "one is missing", change: readme("`part_size`", "size"), found: /partSize is not there/ }, { title: "one that is gone", change: readme("| `login`", "| `region` | – | where |\n| `login`"), found: /region is in a table, and no component has it/ }],
  "files.listed": [{ title: "none", change: json({ files: undefined }), found: /no such list/ }],
  "files.complete": [{ title: "dist is left out", change: json({ files: ["lib"] }), found: /it is not shipped/ }],
  "files.closed": [
    { title: "a module beside what is shipped, used when a component is created", change: (p) => { file("lib/more.js", "export {};\n")(p); file("dist/more.js", 'export const more = () => import("../lib/more.js");\n')(p); }, found: /it imports \.\.\/lib\/more\.js, which is not shipped/ },
    { title: "one that is not there", change: file("dist/more.js", 'export * from "./gone.js";\n'), found: /it imports \.\/gone\.js/ },
  ],
  "files.no-tests": [{ title: "one beside the code", change: file("dist/store.test.js"), found: /it is shipped/ }],
  "files.no-secrets": [{ title: "settings of a shell", change: file("dist/.env", "TOKEN=x"), found: /it is shipped/ }, { title: "a key", change: file("dist/server.pem", "x"), found: /it is shipped/ }],
  "build.current": [{ title: "a source is newer", change: file("src/index.ts", "export {};\n"), after: (dir) => { const later = new Date(Date.now() + 60_000); utimesSync(join(dir, "src", "index.ts"), later, later); }, found: /changed after the last build/ }],
  "conformance.present": [{ title: "none", change: ({ files }) => { delete files["conformance.ts"]; }, found: /there is none/ }],
};

test("a plugin that keeps all conventions has no findings", async () => { expect(await findingsOf()).toEqual([]); });

test("sources that are older than the build, and reading its own folder, are no findings", async () => {
  const found = await findingsOf((p) => { file("src/index.ts", "export {};\n")(p); atTop('import { readFileSync } from "node:fs";\nreadFileSync(new URL("../package.json", import.meta.url));')(p); }, (dir) => { const before = new Date(Date.now() - 60_000); utimesSync(join(dir, "src", "index.ts"), before, before); });
  expect(found).toEqual([]);
});

test("builtins, the package itself, its own names, computed names and what merely looks like an import are no findings", async () => {
  const found = await findingsOf(file("dist/more.js", `import { createRequire } from "node:module";
import "fs";
import "./more.js?once";
import "@acme/mlstack-plugin-acme";
// import "in-a-comment";
export const names = [() => import("#inner"), (name) => import(name), 'import "in-a-text"', (require) => require("of-a-bundle"), () => createRequire("/elsewhere/").resolve("of-others"), () => import("acme-sdk/client"), () => import("data:text/javascript,")];
`));
  expect(found).toEqual([]);
});

test("an entry beside the sources is compared with them, and with nothing else", async () => {
  const found = await findingsOf((p) => {
    p.files["index.js"] = p.files["dist/index.js"]!.replace("./store.js", "./dist/store.js");
    delete p.files["dist/index.js"];
    json({ exports: { ".": { types: "./dist/index.d.ts", default: "./index.js" }, "./package.json": "./package.json" }, files: ["index.js", "dist"] })(p);
    Object.assign(p.json["mlstack"] as object, { entry: "./index.js" });
    file("src/index.ts", "export {};\n")(p);
  }, (dir) => { for (const [path, ahead] of [["index.js", -60_000], ["dist/store.js", -60_000], ["src/index.ts", 0], ["README.md", 60_000]] as const) { const time = new Date(Date.now() + ahead); utimesSync(join(dir, path), time, time); } });
  expect(found.map(({ rule, at }) => [rule, at])).toEqual([["build.current", "src/index.ts"]]);
});

test.each<[string, (readme: string) => string]>([
  ["an underlined title", (text) => text.replace("# @acme/mlstack-plugin-acme", "`@acme/mlstack-plugin-acme`\n===")],
  ["a title of HTML", (text) => text.replace("# @acme/mlstack-plugin-acme", '<p align="center">Acme</p>\n<h1 align="center">\n  <img src="x.svg">\n  @acme/mlstack-plugin-acme</h1>')],
  ["npm i", (text) => text.replace("npm install", "npm i")],
  ["an underlined section", (text) => text.replace("## Configuration", "Configuration\n-------------")],
])("a README may have %s", async (_, change) => {
  expect(await findingsOf(({ files }) => { files["README.md"] = change(files["README.md"]!); })).toEqual([]);
});

test("a place in a listing is no secret, though services call it a token", async () => {
  const found = await findingsOf((p) => { for (const name of ["nextPageToken", "continuationToken"]) both("partSize:", `${name}: z.string().optional().describe("Where to go on."),\n        partSize:`, manifestOf((c) => { properties(c)[name] = { description: "Where to go on.", type: "string" }; }))(p); p.files["README.md"] = p.files["README.md"]!.replace("| `login`", "| `next_page_token` | | |\n| `continuation_token` | | |\n| `login`"); });
  expect(found).toEqual([]);
});

test("a package that brings a component type alone may be called by it", async () => {
  const found = await findingsOf((p) => {
    json({ name: "@acme/mlstack-vector-index" })(p);
    p.files["dist/index.js"] = 'import { definePlugin } from "@mlstack/core";\nexport default definePlugin({ name: "@acme/mlstack-vector-index", contracts: [{ type: "acme.vector_index", accepts: [1], stability: "experimental" }] });\n';
    Object.assign(p.json["mlstack"] as object, { components: [], contracts: [{ type: "acme.vector_index", accepts: [1], stability: "experimental" }] });
    p.files["README.md"] = "# @acme/mlstack-vector-index\n\n```sh\nnpm install @acme/mlstack-vector-index\n```\n";
  });
  expect(found).toEqual([]);
});

test("each rule has a plugin that breaks it", () => { expect(Object.keys(TWINS).toSorted()).toEqual(RULES.map(({ id }) => id).toSorted()); });

describe.each(Object.entries(TWINS))("%s", (rule, twins) => {
  test.concurrent.each(twins)("$title", async ({ change, after, found, also = [] }) => {
    const findings = await findingsOf(change, after);
    const own = findings.filter((each) => each.rule === rule);
    expect(own.map((each) => each.found).join("\n"), JSON.stringify(findings, null, 1)).toMatch(found);
    expect([...new Set(findings.map((each) => each.rule))].toSorted()).toEqual([rule, ...also].toSorted());
    for (const { expected, fix, level } of own) expect([expected.length > 0, fix.length > 0, level]).toEqual([true, true, RULES.find(({ id }) => id === rule)!.level]);
  }, 60_000);
});

test("a folder without a package.json, or with a broken one, is refused", async () => {
  const dir = writePlugin(samplePlugin());
  made.push(dir);
  await expect(checkPlugin(join(dir, "dist"))).rejects.toMatchObject({ code: "MLS8711" });
  const broken = writePlugin({ ...samplePlugin(), files: { "package.json": "{" } });
  made.push(broken);
  await expect(checkPlugin(broken)).rejects.toMatchObject({ code: "MLS8711" });
});

test("rules can be left out", async () => {
  const dir = writePlugin({ ...samplePlugin(), files: {} });
  made.push(dir);
  const { findings } = await checkPlugin(dir, { skip: RULES.map(({ id }) => id).filter((id) => id !== "license") });
  expect(findings.map(({ rule }) => rule)).toEqual(["license"]);
});
