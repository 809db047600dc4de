import { createRequire } from "node:module";

type Parser = typeof import("oxc-parser");
type Resolver = typeof import("oxc-resolver");
type Transformer = typeof import("oxc-transform");

const require = createRequire(import.meta.url);
let parser: Parser | undefined;
let resolver: Resolver | undefined;
let transformer: Transformer | undefined;

/*
 * The native tools are loaded at their first use: a script that registers the source hooks, or a command that compiles nothing, does
 * not pay for them. Loading is synchronous because the hooks are.
 */

export const parserTool = (): Parser => (parser ??= require("oxc-parser") as Parser);
export const resolverTool = (): Resolver => (resolver ??= require("oxc-resolver") as Resolver);
export const transformTool = (): Transformer => (transformer ??= require("oxc-transform") as Transformer);
