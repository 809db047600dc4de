import { isBuiltin } from "node:module";
import intersects from "semver/ranges/intersects.js";
import validRange from "semver/ranges/valid.js";
import { packageNameOf, ranges, record, texts } from "../package-folder.ts";
import type { Found, Rule } from "../rule.ts";

const CORE = "@mlstack/core";
const isOurs = (name: string): boolean => name === "mlstack" || name.startsWith("@mlstack/");
const inJson = (found: string): Found => ({ found, at: "package.json" });

/** What the package needs, and how it says so. */
export const dependencyRules: readonly Rule[] = [
  {
    id: "peer.core", level: "error", expects: "@mlstack/core is a peer, with a range that ends before the next major version", fix: 'add "peerDependencies": { "@mlstack/core": ">=0.1.0 <1" }, and the same to devDependencies',
    find({ folder: { packageJson } }) {
      const range = ranges(packageJson, "peerDependencies")[CORE];
      if (range === undefined) return [inJson("it is no peer")];
      if (validRange(range) === null) return [inJson(`${JSON.stringify(range)} is no range`)];
      // a range without an end promises what nobody knows yet
      return intersects(range, ">=1000.0.0", { includePrerelease: true }) ? [inJson(`the range ${range} has no end`)] : [];
    },
  },
  {
    id: "deps.no-core-copy", level: "error", expects: "no package of mlstack is among the dependencies: two copies of core would not be one", fix: "move it to peerDependencies and devDependencies",
    find: ({ folder: { packageJson } }) => (["dependencies", "optionalDependencies"] as const).flatMap((field) => Object.keys(ranges(packageJson, field)).filter(isOurs).map((name) => inJson(`${field} has ${name}`))),
  },
  {
    id: "deps.not-bundled", level: "error", expects: "the package brings no other packages along", fix: "remove bundleDependencies: what is bundled is in no lock, and mlstack refuses to install it",
    find: ({ folder: { packageJson } }) => ["bundleDependencies", "bundledDependencies"].flatMap((field) => (packageJson[field] === true || texts(packageJson[field]).length > 0 ? [inJson(`${field} has ${texts(packageJson[field]).join(", ") || "all"}`)] : [])),
  },
  {
    id: "deps.from-registry", level: "error", expects: "dependencies are ranges of versions, which every registry has", fix: "depend on a published version",
    // what pnpm and yarn put a version in the place of, when they pack
    find: ({ folder: { packageJson } }) => (["dependencies", "optionalDependencies", "peerDependencies"] as const).flatMap((field) => Object.entries(ranges(packageJson, field)).filter(([, range]) => !/^(?:workspace|catalog|npm):/.test(range) && validRange(range) === null && !/^[a-z][a-z0-9.-]*$/i.test(range)).map(([name, range]) => inJson(`${field} has ${name} ${JSON.stringify(range)}`))),
  },
  {
    id: "deps.declared", level: "error", expects: "every package that shipped code imports is in dependencies, peerDependencies or optionalDependencies", fix: "npm install it, without --save-dev: in a user's project there is no other copy",
    find({ imports, name, folder: { packageJson } }) {
      const declared = new Set(["", name, ...(["dependencies", "peerDependencies", "optionalDependencies"] as const).flatMap((field) => Object.keys(ranges(packageJson, field)))]);
      const developed = ranges(packageJson, "devDependencies");
      return imports.filter(({ specifier }) => !/^(?:[./#]|[a-z][a-z+-]*:)/i.test(specifier) && !isBuiltin(specifier)).map(({ specifier, from }) => ({ named: packageNameOf(specifier), from })).filter(({ named }) => !declared.has(named))
        .map(({ named, from }) => ({ found: `it imports ${named}, which is ${developed[named] === undefined ? "no dependency" : "in devDependencies only"}`, at: from }));
    },
  },
  {
    id: "import.no-sdk", level: "error", expects: "importing the entry loads @mlstack/core, zod, peers of mlstack and other plugins, and nothing else", fix: "import it where it is used first: create: async (config) => (await import(\"./store.js\")).store(config)",
    find({ report, folder: { packageJson }, entry }) {
      const peers = ranges(packageJson, "peerDependencies");
      const allowed = (name: string, isPlugin: boolean): boolean => name === CORE || name === "zod" || (peers[name] !== undefined && (isPlugin || isOurs(name)));
      return (report?.packages ?? []).filter(({ name, isPlugin }) => !allowed(name, isPlugin)).map(({ name, from }) => ({ found: `${name} is loaded when ${entry ?? "the entry"} is imported`, at: from }));
    },
  },
  {
    id: "import.no-effects", level: "error", expects: "importing the entry only defines things: it opens no connection, starts no process, reads no variable and no file of others, prints nothing and leaves nothing running", fix: "do it when a component is created",
    find: ({ report, entry = "" }) => (report?.effects ?? []).map(({ what }) => ({ found: `it ${what}`, at: entry.replace(/^\.\//, "") })),
  },
  {
    id: "import.works", level: "error", expects: "the package is built, and its entry's default export is a plugin", fix: "npm run build, and end the entry in `export default definePlugin(…)`",
    find({ report, entry, folder: { packageJson } }) {
      const said = record(packageJson["mlstack"])?.["entry"];
      if (entry === undefined) return [{ found: `there is no ${typeof said === "string" ? said : "dist/index.js"}`, at: "dist" }];
      return report?.problem === undefined ? [] : [{ found: report.problem, at: entry.replace(/^\.\//, "") }];
    },
  },
];
