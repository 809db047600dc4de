import { readdirSync, statSync } from "node:fs";
import { join, posix } from "node:path";
import { exportsOf, targetsOf, texts } from "../package-folder.ts";
import type { Rule } from "../rule.ts";
import { shippedProblems } from "../shipped-files.ts";

const plain = (path: string): string => path.replace(/^\.\//, "");

/** What lies in the folder, and what of it is shipped. */
export const fileRules: readonly Rule[] = [
  {
    id: "files.listed", level: "error", expects: '"files" of package.json lists what is shipped', fix: 'add "files": ["dist"]: without it all of the folder is shipped',
    find: ({ folder: { packageJson } }) => (texts(packageJson["files"]).length > 0 ? [] : [{ found: "there is no such list", at: "package.json" }]),
  },
  {
    id: "files.complete", level: "error", expects: "the entry and all files that exports name are shipped", fix: 'add their folder to "files", and build',
    find({ folder, entry, shipped }) {
      const wanted = [...(entry === undefined ? [] : [entry]), ...Object.values(exportsOf(folder.packageJson)).flatMap((each) => Object.values(targetsOf(each)))].map(plain);
      return [...new Set(wanted)].filter((path) => !path.includes("*") && folder.has(path) && !shipped.includes(path)).map((path) => ({ found: "it is not shipped", at: path }));
    },
  },
  {
    id: "files.closed", level: "error", expects: "what shipped code imports from its own package is shipped", fix: 'add its folder to "files", and build',
    find({ imports, shipped }) {
      const all = new Set(shipped);
      return imports.filter(({ specifier }) => /^\.\.?(?:\/|$)/.test(specifier)).flatMap(({ specifier, from }) => {
        const path = posix.join(posix.dirname(from), specifier.replace(/[?#].*$/, ""));
        // what require adds
        const isShipped = ["", ".js", ".cjs", ".json", ".node", "/index.js", "/index.cjs"].some((end) => all.has(posix.normalize(`${path}${end}`)));
        return isShipped ? [] : [{ found: `it imports ${specifier}, which is not shipped`, at: from }];
      });
    },
  },
  {
    id: "files.no-tests", level: "error", expects: "tests and what they read are not shipped", fix: 'take them out by "!src/**/*.test.ts" in "files"',
    find: ({ shipped }) => shippedProblems(shipped).filter(({ kind }) => kind === "test").map(({ path }) => ({ found: "it is shipped", at: path })),
  },
  {
    id: "files.no-secrets", level: "error", expects: "no file is shipped that may hold a secret", fix: 'take it out of "files"; if it was ever published, change what it holds',
    find: ({ shipped }) => shippedProblems(shipped).filter(({ kind }) => kind === "secret").map(({ path }) => ({ found: "it is shipped", at: path })),
  },
  {
    id: "build.current", level: "error", expects: "what is built is not older than the sources", fix: "npm run build",
    find({ folder, entry, shipped }) {
      if (entry === undefined || !folder.has("src")) return [];
      // an entry may lie beside the sources
      const built = shipped.filter((path) => /\.[cm]?js$/.test(path) && !path.startsWith("src/")).map((path) => statSync(join(folder.dir, path)).mtimeMs).toSorted((a, b) => b - a)[0];
      const source = newest(folder.dir, "src", (path) => !/\.(?:test|spec|test-d)\.[cm]?[jt]sx?$|\/(?:testing|fixtures|__tests__)\//.test(path));
      return built === undefined || source === undefined || source.time <= built ? [] : [{ found: "it was changed after the last build", at: source.path }];
    },
  },
  {
    id: "conformance.present", level: "warning", expects: "conformance.ts says how each component and format is put under test", fix: "write conformance.ts, as a plugin of npm create mlstack-plugin has it; mlstack plugin test runs it",
    find: ({ folder, described }) => ((described?.components.length ?? 0) + (described?.formats.length ?? 0) === 0 || ["conformance.ts", "conformance.mts", "conformance.js", "conformance.mjs"].some((file) => folder.has(file)) ? [] : [{ found: "there is none", at: "conformance.ts" }]),
  },
];

function newest(dir: string, under: string, counts: (path: string) => boolean): { readonly path: string; readonly time: number } | undefined {
  let found: { readonly path: string; readonly time: number } | undefined;
  for (const entry of readdirSync(join(dir, under), { withFileTypes: true })) {
    const path = `${under}/${entry.name}`;
    const each = entry.isDirectory() ? newest(dir, path, counts) : entry.isFile() && counts(path) ? { path, time: statSync(join(dir, path)).mtimeMs } : undefined;
    if (each !== undefined && (found === undefined || each.time > found.time)) found = each;
  }
  return found;
}
