import { isPlugin, isPublished, type Rule, type Workspace } from "../repo.ts";
import type { Manifest } from "../repo.ts";

type Test = (manifest: Manifest, workspace: Workspace) => boolean;

function hasTypes(target: unknown): boolean {
  return typeof target === "string" || (typeof target === "object" && target !== null && Object.keys(target)[0] === "types" && "default" in target);
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Tests, their helpers (testing/) and what they read (fixtures/) stay out of the tarball. */
const UNSHIPPED = ["!src/**/*.test.ts", "!src/**/*.test-d.ts", "!src/**/testing", "!src/**/fixtures"];

/** A package of data: all that it exports is JSON, so there is nothing to build. */
function isData({ exports }: Manifest): boolean {
  const targets = Object.values(record(exports));
  return targets.length > 0 && targets.every((target) => typeof target === "string" && target.endsWith(".json"));
}

const requirements: Readonly<Record<string, Test>> = {
  "a description": ({ description }) => typeof description === "string" && description.length > 0,
  'license "Apache-2.0"': ({ license }) => license === "Apache-2.0",
  'type "module"': ({ type }) => type === "module",
  "sideEffects false": ({ sideEffects }) => sideEffects === false,
  "engines.node": ({ engines }) => typeof record(engines)["node"] === "string",
  'exports with "types" first and "default" for each entry': ({ exports }) =>
    "." in record(exports) && Object.values(record(exports)).every(hasTypes),
  "the export ./package.json": ({ exports }) => record(exports)["./package.json"] === "./package.json",
  'files with "dist", "src" and without tests': ({ files, ...manifest }) =>
    isData(manifest) || ["dist", "src", ...UNSHIPPED].every((entry) => list(files).includes(entry)),
  "publishConfig with access public and provenance": ({ publishConfig }) =>
    record(publishConfig)["access"] === "public" && record(publishConfig)["provenance"] === true,
  "repository.directory equal to its folder": ({ repository }, { folder }) => record(repository)["directory"] === folder,
  'the keyword "mlstack-plugin" if it is a plugin': ({ keywords }, workspace) => !isPlugin(workspace) || list(keywords).includes("mlstack-plugin"),
};

/** What every published package states about itself. */
export const publishedManifests: Rule = {
  name: "published packages are complete",
  check(repo) {
    return repo.workspaces.filter(isPublished).flatMap((workspace) => {
      const { folder, manifest } = workspace;
      const missing = ["README.md", "LICENSE", ...(isData(manifest) ? [] : ["tsup.config.ts", "src/index.ts"])].filter((file) => !repo.has(`${folder}/${file}`));
      const unmet = Object.entries(requirements).filter(([, test]) => !test(manifest, workspace)).map(([what]) => what);
      return [...missing.map((file) => `${folder}: ${file} is missing`), ...unmet.map((what) => `${folder}/package.json: needs ${what}`)];
    });
  },
};

/** The same engines everywhere: what the suite runs on is what the packages promise. */
export const sameEngines: Rule = {
  name: "all packages name the same Node versions",
  check(repo) {
    const wanted = record(repo.manifest["engines"])["node"];
    return repo.workspaces
      .filter(({ manifest }) => record(manifest["engines"])["node"] !== wanted)
      .map(({ folder }) => `${folder}/package.json: engines.node is not "${String(wanted)}"`);
  },
};
