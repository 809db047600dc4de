import { isBuiltin } from "node:module";
import { dirname, extname } from "node:path";
import { fileURLToPath } from "node:url";
import type { ResolveResult } from "oxc-resolver";
import { manifestFinder, type Manifest, type ManifestFinder } from "./manifests.ts";
import { resolverTool } from "./oxc.ts";

/** Packages whose calls are known to describe and not to do: see trust.ts. Of a plugin, the exports that its manifest calls pure. */
export type Trust = "mlstack" | "zod" | { readonly pure: ReadonlySet<string> };

/** What a specifier stands for in one module. */
export type Resolution =
  /** A module of the project, or of a workspace package linked into it. `trust` where the package around it is a plugin. */
  | { readonly kind: "own"; readonly file: string; readonly trust: Trust | undefined }
  /** JSON and other files that are no code. */
  | { readonly kind: "data"; readonly file: string }
  | {
    readonly kind: "package"; readonly name: string; /** Package and path inside of it. */ readonly specifier: string; readonly file: string | undefined; readonly trust: Trust | undefined;
    /** A path of tsconfig.json leads to this file: Node would find another one, or none. */
    readonly byPath: boolean;
  }
  /** With `node:`. */
  | { readonly kind: "builtin"; readonly name: string }
  /** The code is in the specifier: `data:text/javascript,…`. */
  | { readonly kind: "inline"; readonly specifier: string }
  | { readonly kind: "missing"; readonly specifier: string; readonly isPackage: boolean; readonly message: string };

/** Whether code asks by `import` or by `require`: packages may answer differently. */
export type RequestMode = "import" | "require";

export interface SourceResolver {
  /** Cheap: answers are remembered by folder. `file` is a real path. */
  resolve(file: string, specifier: string, mode: RequestMode): Resolution;
  /** The file that Node finds without any hook, which knows no paths of tsconfig.json; undefined where it finds none. */
  withoutPaths(file: string, specifier: string, mode: RequestMode): string | undefined;
  /** Whether a file belongs to the project or to a linked workspace package, and not to an installed package. */
  isOwn(file: string): boolean;
  readonly manifests: ManifestFinder;
}

/** Never part of a key, installed or linked: their authoring functions describe, and their versions are checked elsewhere. */
const MLSTACK = new Set(["mlstack", "@mlstack/core", "@mlstack/pipeline", "@mlstack/engine", "@mlstack/testkit"]);

export const isMlstack = (name: string | undefined): boolean => name !== undefined && MLSTACK.has(name);

const CODE = new Set([".ts", ".mts", ".cts", ".tsx", ".js", ".mjs", ".cjs", ".jsx"]);
export const isCode = (file: string): boolean => CODE.has(extname(file));
export const isDeclaration = (file: string): boolean => /\.d\.([^.]+\.)?[cm]?ts$/.test(file);

/** Resolution as the source hooks, the analyzer and the bundle share it. `projectDir` is a real path. */
export function sourceResolver(projectDir: string): SourceResolver {
  const manifests = manifestFinder();
  const factories = new Map<string, InstanceType<ReturnType<typeof resolverTool>["ResolverFactory"]>>();
  const known = new Map<string, Resolution>();
  const isOwn = (file: string) => !afterProject(file, projectDir).split(/[\\/]/).includes("node_modules");

  const ask = (file: string, specifier: string, mode: RequestMode, hasPaths: boolean): ResolveResult => {
    const key = `${mode} ${hasPaths}`;
    let factory = factories.get(key);
    if (factory === undefined) factories.set(key, factory = new (resolverTool().ResolverFactory)({ ...options(mode), ...(hasPaths && { tsconfig: "auto" }) }));
    return factory.resolveFileSync(file, specifier);
  };
  const withoutPaths: SourceResolver["withoutPaths"] = (file, specifier, mode) => ask(file, specifier, mode, false).path;

  const classify = (specifier: string, file: string): Resolution => {
    const bare = isBare(specifier);
    if (isOwn(file)) {
      // a package that is linked, by its name: what the project says of itself earns it nothing, nor does an alias
      const around = bare ? manifests(dirname(file)) : undefined;
      const manifest = around !== undefined && around.dir !== projectDir && around.name === packageName(specifier) ? around : undefined;
      if (manifest?.name !== undefined && isMlstack(manifest.name)) return mlstack(specifier, manifest.name, file);
      if (!isCode(file)) return { kind: "data", file };
      return { kind: "own", file, trust: manifest === undefined ? undefined : trustOf(manifest) };
    }
    const name = packageOf(file);
    if (isMlstack(name)) return mlstack(specifier, name, file);
    // an alias or an entry of `imports` may lead into a package: what it leads to counts, not what it is called here
    const full = packageName(specifier) === name ? specifier : `${name}//${insideOf(file, name)}`;
    return { kind: "package", name, specifier: full, file, trust: name === "zod" ? "zod" : trustIn(manifests(dirname(file)), name), byPath: false };
  };

  const resolve: SourceResolver["resolve"] = (file, specifier, mode) => {
    const key = `${mode}\0${dirname(file)}\0${specifier}`;
    let found = known.get(key);
    if (found === undefined) {
      found = resolveNew(file, specifier, mode);
      known.set(key, found);
    }
    return found;
  };

  const resolveNew: SourceResolver["resolve"] = (file, specifier, mode) => {
    if (specifier.startsWith("node:") || (isBuiltin(specifier) && isBare(specifier))) return { kind: "builtin", name: specifier.startsWith("node:") ? specifier : `node:${specifier}` };
    if (/^(data|https?|blob|wasm):/.test(specifier)) return { kind: "inline", specifier };
    const plain = isBare(specifier) ? specifier : fromUrl(specifier).replace(/[?#].*$/, "");
    const { path, error, builtin } = ask(file, plain, mode, true);
    if (builtin !== undefined) return { kind: "builtin", name: builtin.resolved };
    if (path !== undefined && !isDeclaration(path)) {
      const found = classify(specifier, path);
      return found.kind === "package" && isBare(specifier) && withoutPaths(file, plain, mode) !== path ? { ...found, byPath: true } : found;
    }
    const name = packageName(specifier);
    if (isMlstack(name)) return mlstack(specifier, name, undefined);
    return { kind: "missing", specifier, isPackage: isBare(specifier) && !specifier.startsWith("#"), message: error ?? `only declarations of it are there: ${path ?? ""}` };
  };
  return { resolve, withoutPaths, isOwn, manifests };
}

const mlstack = (specifier: string, name: string, file: string | undefined): Resolution => ({ kind: "package", name, specifier, file, trust: "mlstack", byPath: false });

const trustOf = ({ pure }: Manifest): Trust | undefined => (pure.size === 0 ? undefined : { pure });

const trustIn = (manifest: Manifest | undefined, name: string): Trust | undefined => (manifest?.name === name ? trustOf(manifest) : undefined);

/** Neither relative nor absolute nor a URL. `#name` is bare: package.json says what it is. */
export const isBare = (specifier: string): boolean => !/^(\.{1,2}(\/|$)|\/|[a-z]:[\\/]|file:)/i.test(specifier);

/** `@scope/name/sub/path` → `@scope/name`. */
export const packageName = (specifier: string): string => /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier;

/** The package that a file in node_modules belongs to; behind pnpm's links it is the last folder of that name that counts. */
export function packageOf(file: string): string {
  const path = file.replaceAll("\\", "/");
  return packageName(path.slice(path.lastIndexOf("/node_modules/") + "/node_modules/".length));
}

/** The path of a file inside of its package. */
function insideOf(file: string, name: string): string {
  const path = file.replaceAll("\\", "/");
  return path.slice(path.lastIndexOf(`/node_modules/${name}/`) + `/node_modules/${name}/`.length);
}

const afterProject = (file: string, projectDir: string) => (file.startsWith(projectDir) ? file.slice(projectDir.length) : file);

function fromUrl(specifier: string): string {
  if (!specifier.startsWith("file:")) return specifier;
  try { return fileURLToPath(specifier); } catch { return specifier; }
}

/**
 * An exact file always wins, as it does in Node without any hook: `./x.js` is x.ts only where there is no x.js. So the code that
 * is looked at is the code that runs, however the program was started.
 */
function options(mode: RequestMode): ConstructorParameters<ReturnType<typeof resolverTool>["ResolverFactory"]>[0] {
  const typed = [".ts", ".tsx", ".mts", ".cts"];
  const plain = [".js", ".json", ".node", ".mjs", ".cjs", ".jsx"];
  return {
    conditionNames: ["node", mode, "module-sync", "node-addons", "default", ...ownConditions()],
    extensions: mode === "import" ? [...typed, ...plain] : [...plain.slice(0, 3), ...typed, ...plain.slice(3)],
    extensionAlias: { ".js": [".js", ".ts", ".tsx"], ".mjs": [".mjs", ".mts"], ".cjs": [".cjs", ".cts"], ".jsx": [".jsx", ".tsx"] },
    builtinModules: true, mainFields: ["main"], nodePath: false,
  };
}

/** Conditions that this process was started with: `node --conditions development`. */
function ownConditions(): string[] {
  const words = [...process.execArgv, ...(process.env["NODE_OPTIONS"] ?? "").split(/\s+/)];
  return words.flatMap((word, i) => {
    const joined = /^(?:--conditions|-C)=(.+)$/.exec(word)?.[1];
    if (joined !== undefined) return [joined];
    const next = words[i + 1];
    return (word === "--conditions" || word === "-C") && next !== undefined ? [next] : [];
  });
}
