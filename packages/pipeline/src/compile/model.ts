import type { Node } from "./ast.ts";
import type { PathText } from "./path-text.ts";
import type { CompilerSettings } from "./tsconfig.ts";
import type { UncachedReason } from "./types.ts";

/** What is done with the value that a reference reads. */
export type ReferenceUse = "value" | "call" | "new" | "write" | "typeof" | "compare" | "computed-member";

/** A name that a statement uses and does not bind itself, with the members that are read of it. */
export interface Reference {
  /** An identifier, or `import.meta`. */
  readonly name: string;
  readonly start: number;
  /** Static members read one after another: `process.env.HOME` has env, HOME; so has `const { env: { HOME } } = process`. */
  readonly path: readonly string[];
  readonly use: ReferenceUse;
  /** The only argument of a call, where it is a text or number in the source. */
  readonly argument: string | number | undefined;
  /** How many arguments a call has; undefined where one is spread, and of what is no call. */
  readonly count: number | undefined;
  /** Of a call: its arguments, lists among them item by item, as far as they are paths or texts in the source. */
  readonly texts: readonly (PathText | undefined)[];
  /** Of `import.meta`, `__dirname` and their like: the whole path that the source makes of it. */
  readonly within: PathText | undefined;
  /** In how many functions it stands, those that run at once left out. */
  readonly depth: number;
}

/** A place where something may be changed that a name of the module, an import or a global holds. */
export interface Mutation {
  readonly name: string;
  /** Static members on the way: `config.model.depth = 1` has model, depth; `config[key] = 1` has none. */
  readonly path: readonly string[];
  readonly start: number;
  readonly depth: number;
  /** An assignment to a member, or a call that is known to change what it is called on: `map.set(…)`. */
  readonly by: "write" | "method";
}

/** `import("./x.ts")`; the specifier is undefined where it is computed. */
export interface DynamicImport {
  readonly specifier: string | undefined;
  readonly start: number;
}

/** What a walk over one unit finds. */
export interface UnitFacts {
  readonly references: readonly Reference[];
  readonly dynamicImports: readonly DynamicImport[];
  readonly mutations: readonly Mutation[];
  /** Places where a function is made from text by a way that has no name: `f.constructor("…")`. */
  readonly evals: readonly number[];
  /** Members that depend on time, place or language, whatever they are read of. */
  readonly members: readonly { readonly name: string; readonly start: number }[];
  /** Reads `this` outside of classes: called as `ns.f()`, it sees the whole namespace. */
  readonly usesThis: boolean;
  readonly hasJsx: boolean;
}

export type UnitKind = "function" | "class" | "variable" | "enum" | "namespace" | "alias" | "default" | "statement";

/** The smallest part of a module that is kept or dropped: a declaration of one name, or a statement. */
export interface Unit {
  readonly module: ModuleRecord;
  /** Position among the module's units: the order of execution. */
  readonly index: number;
  readonly kind: UnitKind;
  /** Module-level names that it binds; several for a pattern. `*default*` for the value of `export default`. */
  readonly names: readonly string[];
  /** What is hashed: the declarator or statement, without `export`. */
  readonly node: Node;
  /** `const`, `let`, `var`, `using`: of a variable only. */
  readonly declarationKind: string | undefined;
  readonly facts: UnitFacts;
}

export interface ImportBinding {
  readonly specifier: string;
  /** A name, `default`, or `*` for the namespace. */
  readonly imported: string;
  readonly start: number;
  /** `import x = require("./y")`, also in an ES module. */
  readonly mode?: "require" | undefined;
}

/** What an export of a module stands for: a name in it, or an export of another module. */
export type ExportBinding =
  | { readonly local: string }
  | { readonly specifier: string; /** `*` for `export * as ns`. */ readonly imported: string; readonly start: number };

/** A static import or re-export that makes another module run. */
export interface ModuleRequest {
  readonly specifier: string;
  readonly start: number;
  /** `import "./x"`: made for its effects alone. */
  readonly bare: boolean;
  /** A compiler that looks at one file may drop it: nothing it binds is used as a value. Plain Node does not drop it. */
  readonly mayBeElided: boolean;
  /** `import x = require("./y")`, also in an ES module. */
  readonly mode?: "require" | undefined;
}

export type ModuleFormat = "module" | "commonjs";

/** A module of the project's own code, taken apart. */
export interface ModuleRecord {
  /** In digests and messages: POSIX, relative to the project's root. */
  readonly path: string;
  /** Real path on this machine. */
  readonly file: string;
  readonly format: ModuleFormat;
  /** As it was read when it was taken apart: what is bundled is what was hashed, though the file may change meanwhile. */
  readonly text: string;
  readonly isTypeScript: boolean;
  readonly settings: CompilerSettings;
  /** `@jsx h` and its like, from comments: they change what JSX becomes. */
  readonly jsxPragmas: readonly string[];
  readonly units: readonly Unit[];
  readonly byName: ReadonlyMap<string, readonly Unit[]>;
  readonly imports: ReadonlyMap<string, ImportBinding>;
  readonly exports: ReadonlyMap<string, ExportBinding>;
  /** Specifiers of `export * from`. */
  readonly stars: readonly { readonly specifier: string; readonly start: number }[];
  /** In the order of the source. */
  readonly requests: readonly ModuleRequest[];
  /** Module-level names that something assigns after their declaration, with the first place. */
  readonly reassigned: ReadonlyMap<string, number>;
  /** Those of them that a function assigns: what they hold depends on what has run. */
  readonly reassignedLater: ReadonlyMap<string, number>;
  /** Why it could not be taken apart. The rest is empty then. */
  readonly failure: UncachedReason | undefined;
  /** `src/a.ts:12:5`. */
  at(offset: number): string;
}
