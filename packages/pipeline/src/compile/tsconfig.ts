import { existsSync, readFileSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
import type { Node } from "./ast.ts";
import { staticKey } from "./ast.ts";
import { parserTool, resolverTool } from "./oxc.ts";

/** The compiler options that change what a TypeScript file does at run time. */
export interface CompilerSettings {
  readonly experimentalDecorators: boolean;
  readonly emitDecoratorMetadata: boolean;
  readonly strictNullChecks: boolean;
  /** Class fields are defined (as in JavaScript) and not assigned. */
  readonly defineFields: boolean;
  /** Imports are kept as they are written; only `type` ones are removed. */
  readonly verbatim: boolean;
  readonly jsx: string;
  readonly jsxFactory: string | undefined;
  readonly jsxFragmentFactory: string | undefined;
  readonly jsxImportSource: string | undefined;
}

/** Finds the settings of the tsconfig.json nearest to a folder. */
export interface SettingsFinder {
  (dir: string): CompilerSettings;
  /** The files that they are in: that tsconfig.json and what it extends. */
  filesOf(dir: string): readonly string[];
}

/** Each folder and each file is read once. */
export function settingsFinder(): SettingsFinder {
  const byDir = new Map<string, Found>();
  const byFile = new Map<string, Config>();
  const find = (dir: string): Found => {
    let found = byDir.get(dir);
    if (found === undefined) {
      const file = join(dir, "tsconfig.json");
      const parent = dirname(dir);
      const { options, files } = existsSync(file) ? optionsOf(file, byFile) : { options: {}, files: [] };
      found = files.length > 0 || parent === dir ? { settings: normalise(options), files } : find(parent);
      byDir.set(dir, found);
    }
    return found;
  };
  return Object.assign((dir: string) => find(dir).settings, { filesOf: (dir: string) => find(dir).files });
}

interface Found { readonly settings: CompilerSettings; readonly files: readonly string[] }

type Options = Readonly<Record<string, unknown>>;
interface Config { readonly options: Options; readonly files: readonly string[] }

function normalise(o: Options): CompilerSettings {
  const text = (value: unknown) => (typeof value === "string" ? value : undefined);
  const target = text(o["target"])?.toLowerCase();
  const old = target !== undefined && /^es(3|5|6|20(1\d|20|21))$/.test(target);
  const define = o["useDefineForClassFields"];
  return {
    experimentalDecorators: o["experimentalDecorators"] === true,
    emitDecoratorMetadata: o["experimentalDecorators"] === true && o["emitDecoratorMetadata"] === true,
    strictNullChecks: (o["strictNullChecks"] ?? o["strict"] ?? true) === true,
    defineFields: typeof define === "boolean" ? define : !old,
    verbatim: o["verbatimModuleSyntax"] === true || o["preserveValueImports"] === true,
    jsx: text(o["jsx"])?.toLowerCase() ?? "react-jsx",
    jsxFactory: text(o["jsxFactory"]) ?? reactNamespace(text(o["reactNamespace"])),
    jsxFragmentFactory: text(o["jsxFragmentFactory"]),
    jsxImportSource: text(o["jsxImportSource"]),
  };
}

const reactNamespace = (name: string | undefined) => (name === undefined ? undefined : `${name}.createElement`);

function optionsOf(file: string, known: Map<string, Config>): Config {
  const before = known.get(file);
  if (before !== undefined) return before;
  known.set(file, { options: {}, files: [file] }); // ends a circle of `extends`
  const config = readJsonc(file);
  const bases = config["extends"] === undefined ? [] : [config["extends"]].flat();
  const inherited = bases.map((base) => (typeof base === "string" ? extended(base, file) : undefined)).flatMap((base) => (base === undefined ? [] : [optionsOf(base, known)]));
  const own = config["compilerOptions"];
  const options = Object.assign({}, ...inherited.map((c) => c.options), typeof own === "object" && own !== null ? own : {}) as Options;
  const found = { options, files: [...new Set([file, ...inherited.flatMap((c) => c.files)])] };
  known.set(file, found);
  return found;
}

function extended(base: string, file: string): string | undefined {
  if (base.startsWith(".") || isAbsolute(base)) {
    const path = resolve(dirname(file), base);
    return [path, `${path}.json`].find((p) => p.endsWith(".json") && existsSync(p));
  }
  const finder = new (resolverTool().ResolverFactory)({ extensions: [".json"], mainFiles: ["tsconfig"], mainFields: ["tsconfig"], conditionNames: ["node", "import", "default"], nodePath: false });
  return [base, `${base}/tsconfig.json`].map((b) => finder.sync(dirname(file), b).path).find((p) => p?.endsWith(".json") === true);
}

/** JSON with comments and trailing commas is a JavaScript expression: the parser at hand reads it. */
function readJsonc(file: string): Options {
  let text: string;
  try { text = readFileSync(file, "utf8"); } catch { return {}; }
  const { program, errors } = parserTool().parseSync("tsconfig.js", `(${text.replace(/^\uFEFF/, "")}\n)`, { preserveParens: false });
  const statement = program.body[0];
  if (errors.length > 0 || statement?.type !== "ExpressionStatement") return {};
  const value = literal(statement.expression);
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Options) : {};
}

function literal(node: Node): unknown {
  switch (node.type) {
    case "Literal": return node.value;
    case "ArrayExpression": return node.elements.map((e) => (e === null ? null : literal(e)));
    case "ObjectExpression":
      return Object.fromEntries(node.properties.flatMap((p) => (p.type === "Property" ? [[staticKey(p.key, p.computed) ?? "", literal(p.value)]] : [])));
    default: return undefined;
  }
}
