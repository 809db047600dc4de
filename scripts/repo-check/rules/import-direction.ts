import { posix } from "node:path";
import { importsOf } from "../imports.ts";
import { isPlugin, type Repo, type Rule, type Workspace } from "../repo.ts";

/** Arrows point one way: which packages of the workspace each package may import. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  "@mlstack/core": [],
  "@mlstack/pipeline": ["@mlstack/core"],
  "@mlstack/engine": ["@mlstack/core", "@mlstack/pipeline", "@mlstack/hub"],
  "@mlstack/hub": ["@mlstack/core"],
  "@mlstack/testkit": ["@mlstack/core", "@mlstack/pipeline"],
  "@mlstack/server": ["@mlstack/core", "@mlstack/engine", "@mlstack/hub"],
  "@mlstack/catalog": [],
  "create-mlstack-plugin": [],
  mlstack: ["@mlstack/core", "@mlstack/pipeline", "@mlstack/engine", "@mlstack/hub", "@mlstack/testkit", "@mlstack/server", "@mlstack/catalog"],
};

/** Packages outside the workspace that core may import; the others may import what they declare. */
const CORE_EXTERNALS = ["semver", "zod"];
/** Files that may use the tools of the root. */
const TOOLING = /(\.(test|test-d|live|conformance|browser|config)|\/conformance)\.ts$|\/testing\//;
/** What tests read; it may be wrong on purpose. And what is a package of its own once it is made. */
const FIXTURE = /\/fixtures\/|^packages\/create-plugin\/templates\//;

interface Context {
  readonly repo: Repo;
  readonly workspace: Workspace;
  readonly file: string;
  readonly isTooling: boolean;
  readonly entries: ReadonlyMap<string, ReadonlySet<string>>;
}

function packageName(specifier: string): string {
  return specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
}

function relativeProblem({ workspace, file, isTooling }: Context, specifier: string): string | undefined {
  const target = posix.join(posix.dirname(file), specifier);
  const leaves = !target.startsWith(`${workspace.folder}/`);
  if (leaves && (target.startsWith("packages/") || !isTooling)) return "leaves its package by a path";
  return /\.(ts|json)$/.test(specifier) || target === `${workspace.folder}/package.json` ? undefined : "lacks the .ts extension";
}

function nodeProblem({ workspace, file, isTooling }: Context): string | undefined {
  const pure = workspace.manifest.name === "@mlstack/core" && !file.startsWith(`${workspace.folder}/src/node/`);
  return pure && !isTooling ? "core uses Node's modules in src/node only" : undefined;
}

function internalProblem(context: Context, specifier: string, name: string): string | undefined {
  const { workspace, isTooling, entries } = context;
  const { name: own = "", devDependencies = {} } = workspace.manifest;
  if (!entries.get(name)?.has(specifier)) return "is not an entry of that package";
  if (isTooling && (name === own || devDependencies[name] !== undefined)) return undefined;
  if (!workspace.folder.startsWith("packages/")) return externalProblem(context, name);
  const allowed = isPlugin(workspace) ? ["@mlstack/core"] : LAYERS[own];
  if (allowed === undefined) return `is imported by ${own}, which has no layer yet: add it to scripts/repo-check/rules/import-direction.ts`;
  return allowed.includes(name) ? undefined : `is above or beside ${own}`;
}

function externalProblem({ repo, workspace, isTooling }: Context, name: string): string | undefined {
  const { name: own, dependencies = {}, peerDependencies = {}, optionalDependencies = {}, devDependencies = {} } = workspace.manifest;
  if (isTooling && (devDependencies[name] ?? repo.manifest.devDependencies?.[name]) !== undefined) return undefined;
  if (own === "@mlstack/core" && !isTooling && !CORE_EXTERNALS.includes(name)) return `is not among core's few: ${CORE_EXTERNALS.join(", ")}`;
  return (dependencies[name] ?? peerDependencies[name] ?? optionalDependencies[name]) === undefined ? "is not declared in package.json" : undefined;
}

function problemWith(context: Context, specifier: string): string | undefined {
  if (specifier.startsWith("#")) return undefined;
  if (specifier.startsWith(".")) return relativeProblem(context, specifier);
  if (specifier.startsWith("node:")) return nodeProblem(context);
  const name = packageName(specifier);
  return context.entries.has(name) ? internalProblem(context, specifier, name) : externalProblem(context, name);
}

function entriesByPackage(repo: Repo): Map<string, Set<string>> {
  return new Map(
    repo.workspaces.map(({ manifest }) => {
      const { name = "", exports } = manifest;
      return [name, new Set(Object.keys(exports ?? {}).map((subpath) => name + subpath.slice(1)))];
    }),
  );
}

/** A second look besides the linter's, which sees neither dynamic imports nor what package.json declares. */
export const importDirection: Rule = {
  name: "imports follow the layers and are declared",
  check(repo) {
    const entries = entriesByPackage(repo);
    return repo.workspaces.flatMap((workspace) => {
      const sources = repo.files.filter((file) => file.startsWith(`${workspace.folder}/`) && file.endsWith(".ts") && !FIXTURE.test(file));
      return sources.flatMap((file) => {
        const context: Context = { repo, workspace, file, isTooling: TOOLING.test(file), entries };
        return importsOf(file, repo.read(file)).flatMap(({ specifier, line }) => {
          const problem = problemWith(context, specifier);
          return problem === undefined ? [] : [`${file}:${line}: "${specifier}" ${problem}`];
        });
      });
    });
  },
};
