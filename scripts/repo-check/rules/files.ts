import type { Rule } from "../repo.ts";

const MAX_LINES = 400;
const COUNTED = /\.(ts|mjs|py)$/;
const GENERATED = /(^|\/)generated\//;
const BINARY = /\.(png|jpg|gif|ico|woff2?|parquet|onnx|gz|tgz|zip)$/;

// Written so that this file does not match its own patterns.
const REGISTRY = /https?:\/\/[^/\s"'`]*(?:npmjs|registry|artifactory|verdaccio|jfrog|nexus)[^/\s"'`]*\.[a-z]+/;
const RESOLVED = /"resolved": "https?:/;
const HOME = /(?<![\w.~*}-])\/(?:work|root|home\/[\w.-]+|Users\/[\w.-]+)\/|(?<!\w)[A-Z]:\\Users\\/;

function firstMatch(text: string, pattern: RegExp): string | undefined {
  const match = pattern.exec(text);
  return match === null ? undefined : `line ${text.slice(0, match.index).split("\n").length} has ${match[0]}`;
}

/** A clone must not depend on where it was made: any registry or mirror serves it, in any folder. */
export const noMachineTraces: Rule = {
  name: "no registry host and no path of one machine",
  check(repo) {
    const patterns = [REGISTRY, RESOLVED, HOME];
    return repo.files
      .filter((file) => !BINARY.test(file))
      .flatMap((file) => patterns.map((pattern) => firstMatch(repo.read(file), pattern)).filter((found) => found !== undefined).map((found) => `${file}: ${found}`));
  },
};

/** A file that long has more than one subject. */
export const fileLength: Rule = {
  name: `no source file over ${MAX_LINES} lines`,
  check(repo) {
    return repo.files
      .filter((file) => COUNTED.test(file) && !GENERATED.test(file))
      .map((file) => ({ file, lines: repo.read(file).trimEnd().split("\n").length }))
      .filter(({ lines }) => lines > MAX_LINES)
      .map(({ file, lines }) => `${file}: ${lines} lines`);
  },
};

/** The first thing a newcomer types must work. */
export const readmeCommands: Rule = {
  name: "the commands of README.md exist",
  check(repo) {
    if (!repo.has("README.md")) return ["README.md: is missing"];
    const text = repo.read("README.md");
    const scripts = repo.manifest.scripts ?? {};
    const named = [...text.matchAll(/\bnpm run (?:-s )?([\w:-]+)/g)].map((match) => match[1] ?? "");
    const unmentioned = ["npm test", "npm run quickstart"].filter((command) => !text.includes(command));
    return [
      ...unmentioned.map((command) => `README.md: does not mention ${command}`),
      ...["test", "quickstart", ...named].filter((name) => scripts[name] === undefined).map((name) => `package.json: README.md names the script "${name}", which is missing`),
    ];
  },
};

/** Editors and type tests read these paths; tests read the same entries from the exports maps. */
export const sourcePathsInSync: Rule = {
  name: "tsconfig.base.json maps every entry to its source",
  check(repo) {
    const base = JSON.parse(repo.read("tsconfig.base.json")) as { compilerOptions?: { paths?: Record<string, readonly string[]> } };
    const actual = base.compilerOptions?.paths ?? {};
    const wanted = repo.workspaces.flatMap(({ folder, manifest }) =>
      Object.entries((manifest["exports"] ?? {}) as Record<string, { default?: string }>).flatMap(([subpath, target]) => {
        const match = /^\.\/dist\/(.+)\.js$/.exec(target.default ?? "");
        return match === null || !folder.startsWith("packages/") ? [] : [[`${manifest.name}${subpath.slice(1)}`, `./${folder}/src/${match[1]}.ts`] as const];
      }),
    );
    const known = new Set(wanted.map(([specifier]) => specifier));
    return [
      ...wanted.filter(([specifier, source]) => actual[specifier]?.join() !== source).map(([specifier, source]) => `tsconfig.base.json: paths needs "${specifier}": ["${source}"]`),
      ...wanted.filter(([, source]) => !repo.has(source.slice(2))).map(([specifier, source]) => `${source.slice(2)}: is missing, but exported as ${specifier}`),
      ...Object.keys(actual).filter((specifier) => !known.has(specifier)).map((specifier) => `tsconfig.base.json: paths has "${specifier}", which no package exports`),
    ];
  },
};
