import valid from "semver/functions/valid.js";
import { exportsOf, packageNameOf, record, ranges, targetsOf, texts } from "../package-folder.ts";
import type { Found, Rule } from "../rule.ts";

const AT = "package.json";
const inJson = (found: string, fix?: string): Found => ({ found, at: AT, fix });
const when = (problem: boolean, found: string, fix?: string): readonly Found[] => (problem ? [inJson(found, fix)] : []);
const text = (value: unknown): value is string => typeof value === "string" && value.trim() !== "";

/** What package.json says of the package as such. */
export const packageRules: readonly Rule[] = [
  {
    id: "package.name", level: "warning", expects: "the package is called mlstack-plugin-NAME, in a scope or not; one that only brings a component type may be mlstack-NAME", fix: "rename it before it is published: a name stays",
    find({ name, described }) {
      const isType = described !== undefined && described.contracts.length > 0 && described.components.length === 0;
      const form = isType ? /^(?:@[^/]+\/)?mlstack-[a-z0-9][a-z0-9._-]*$/ : /^(?:@[^/]+\/)?mlstack-plugin-[a-z0-9][a-z0-9._-]*$/;
      return when(!form.test(name) && !name.startsWith("@mlstack/"), `it is called ${JSON.stringify(name)}`);
    },
  },
  {
    id: "package.publishable", level: "error", expects: "the package has a name and a version of semver, and is not private", fix: "correct name, version or private in package.json",
    find: ({ folder: { packageJson: { name, version, private: isPrivate } } }) => [
      ...when(!text(name), "it has no name"), ...when(typeof version !== "string" || valid(version) === null, `its version is ${JSON.stringify(version) ?? "missing"}`), ...when(isPrivate === true, '"private" is true: npm would refuse to publish it'),
    ],
  },
  {
    id: "package.description", level: "error", expects: "package.json has a description: it is what a search shows", fix: "add one sentence as description to package.json",
    find: ({ folder: { packageJson } }) => when(!text(packageJson["description"]), "there is none"),
  },
  {
    id: "package.repository", level: "warning", expects: "package.json says where the sources are: provenance is compared with it", fix: 'add "repository": { "type": "git", "url": "git+https://…" }',
    find: ({ folder: { packageJson } }) => when(!text(packageJson["repository"]) && !text(record(packageJson["repository"])?.["url"]), "there is no repository"),
  },
  {
    id: "keywords.mlstack-plugin", level: "error", expects: "package.json has the keyword mlstack-plugin, by which plugins are found", fix: 'add "mlstack-plugin" to keywords',
    find: ({ folder: { packageJson } }) => when(!texts(packageJson["keywords"]).includes("mlstack-plugin"), `its keywords are ${texts(packageJson["keywords"]).join(", ") || "none"}`),
  },
  {
    id: "license", level: "error", expects: "package.json names the licence, and its text lies beside it", fix: "add license to package.json, and a file LICENSE",
    find: ({ folder: { packageJson, has } }) => [
      ...when(!text(packageJson["license"]), "package.json names no licence"),
      ...(["LICENSE", "LICENSE.md", "LICENSE.txt", "LICENCE"].some(has) ? [] : [{ found: "there is no file LICENSE", at: "LICENSE" }]),
    ],
  },
  {
    id: "engines", level: "error", expects: "package.json says which Node it works with", fix: 'add "engines": { "node": "^22.19 || ^24.11 || >=26" }',
    find: ({ folder: { packageJson } }) => {
      const node = record(packageJson["engines"])?.["node"];
      return when(!text(node) || node === "*", text(node) ? 'engines.node is "*"' : "there is no engines.node");
    },
  },
  {
    id: "package.esm", level: "error", expects: 'the package is made of ES modules: "type" is "module", or the entry ends in .mjs', fix: 'add "type": "module" to package.json',
    find: ({ folder: { packageJson }, entry }) => when(packageJson["type"] !== "module" && entry?.endsWith(".mjs") !== true, `its type is ${JSON.stringify(packageJson["type"]) ?? "not given"}`),
  },
  {
    id: "package.exports", level: "error", expects: '"exports" has "." and "./package.json", "types" comes first in each entry, and every file that it names is there', fix: 'write "exports": { ".": { "types": "./dist/index.d.ts", "default": "./dist/index.js" }, "./package.json": "./package.json" }, and build',
    find({ folder }) {
      const entries = exportsOf(folder.packageJson);
      const missing = Object.entries(entries).flatMap(([subpath, entry]) => Object.values(targetsOf(entry)).filter((path) => !path.includes("*") && !folder.has(path)).map((path) => inJson(`${subpath} leads to ${path}, which is not there`)));
      const late = Object.entries(entries).filter(([, entry]) => { const keys = Object.keys(record(entry) ?? {}); return keys.indexOf("types") > 0; });
      return [
        ...when(entries["."] === undefined, 'there is no entry "."'), ...when(targetsOf(entries["./package.json"])["default"] !== "./package.json", 'there is no entry "./package.json"'),
        ...late.map(([subpath]) => inJson(`"types" does not come first in ${subpath}: it is not found then`)), ...missing,
      ];
    },
  },
  {
    id: "publish.access", level: "warning", expects: "a package in a scope says who may see it", fix: 'add "publishConfig": { "access": "public" }, or "restricted"',
    find: ({ name, folder: { packageJson } }) => when(name.startsWith("@") && !text(record(packageJson["publishConfig"])?.["access"]), "publishConfig.access is not given: npm takes restricted, and refuses where that is not paid for"),
  },
  {
    id: "no-install-scripts", level: "error", expects: "installing the package runs nothing of it", fix: "do it when a component is created, or publish what was built; hosts do not run such scripts by default",
    find: ({ folder: { packageJson, has } }) => [
      ...["preinstall", "install", "postinstall"].filter((script) => record(packageJson["scripts"])?.[script] !== undefined).map((script) => inJson(`it has the script ${script}`)),
      ...(has("binding.gyp") ? [{ found: "binding.gyp alone makes npm run a compiler", at: "binding.gyp" }] : []),
    ],
  },
  {
    id: "types.resolve", level: "error", expects: "every entry of code has its declarations, and packages that these name are dependencies or peers", fix: "build declarations (tsc), and declare what they name",
    find({ folder, shipped }) {
      const entries = Object.entries(exportsOf(folder.packageJson)).filter(([, entry]) => Object.values(targetsOf(entry)).some((path) => /\.[cm]?js$/.test(path)));
      const untyped = entries.filter(([, entry]) => targetsOf(entry)["types"] === undefined).map(([subpath]) => inJson(`${subpath} has no "types"`));
      const declared = new Set([...(["dependencies", "peerDependencies", "optionalDependencies"] as const).flatMap((field) => Object.keys(ranges(folder.packageJson, field))), String(folder.packageJson.name)]);
      const named = shipped.filter((path) => /\.d\.[cm]?ts$/.test(path)).flatMap((path) => importedBy(folder.read(path) ?? "").filter((name) => !declared.has(name) && !declared.has(`@types/${name}`)).map((name): Found => ({ found: `it names ${name}, which is no dependency`, at: path })));
      return [...untyped, ...named];
    },
  },
];

/** Packages that declarations import. */
function importedBy(declarations: string): readonly string[] {
  const bare = declarations.replace(/\/\*[^]*?\*\//g, "");
  const specifiers = [...bare.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*["']([^"'.#][^"']*)["']/g)].map((match) => match[1]!).filter((specifier) => !specifier.startsWith("node:") && !specifier.startsWith("/"));
  return [...new Set(specifiers.map(packageNameOf))];
}
