import type { LinkTable, Use } from "./links.ts";
import type { Unit } from "./model.ts";
import type { UncachedReason } from "./types.ts";

/** What a step declares about the world outside of its code. */
export interface Declared {
  readonly env: readonly string[];
  readonly files: readonly string[];
}

/** A reason, and what declaration takes it away. */
interface Unknowable {
  readonly reason: UncachedReason;
  readonly unless?: { readonly env: string } | "files";
}

export interface UnknowableTable {
  /** What in a unit, functions included, keeps its behaviour from being known. */
  of(unit: Unit, declared: Declared): readonly UncachedReason[];
}

export function unknowableTable(links: LinkTable): UnknowableTable {
  const known = new WeakMap<Unit, readonly Unknowable[]>();
  return {
    of(unit, declared) {
      let found = known.get(unit);
      if (found === undefined) known.set(unit, found = look(unit, links));
      return found.filter(({ unless }) => unless === undefined || (unless === "files" ? declared.files.length === 0 : !declared.env.includes(unless.env))).map(({ reason }) => reason);
    },
  };
}

function look(unit: Unit, links: LinkTable): Unknowable[] {
  const { module, facts } = unit;
  const found: Unknowable[] = [];
  const add = (rule: UncachedReason["rule"], start: number, message: string, fix: string, unless?: Unknowable["unless"]) =>
    void found.push({ reason: { rule, message, fix, at: module.at(start) }, ...(unless !== undefined && { unless }) });

  for (const { specifier, start } of facts.dynamicImports) {
    if (specifier === undefined) add("dynamic-import", start, "import() of a computed name: which module is loaded can't be known", "import each module by a literal name");
  }
  for (const start of facts.evals) add("eval", start, "code that is made from text, or names that are looked up while it runs, can't be known", "write the code as a function");
  for (const use of links.of(unit).uses) looked(use, add);
  return found;
}

type Add = (rule: UncachedReason["rule"], start: number, message: string, fix: string, unless?: Unknowable["unless"]) => void;

function looked(u: Use, add: Add): void {
  const { of, start, use } = u;
  if (use === "typeof") return;
  if (of.kind === "builtin") { builtin(u, of.name, add); return; }
  if (of.kind !== "global") return;
  const [first, second] = u.path;
  switch (of.name) {
    case "process": processUse(u.path, u, add); return;
    case "import.meta":
      if (first === "env") env(u.path.slice(1), start, "import.meta.env", add);
      else if (first === undefined || ["url", "dirname", "filename", "resolve"].includes(first)) location(start, `import.meta${first === undefined ? "" : `.${first}`}`, add);
      return;
    case "__dirname": case "__filename": location(start, of.name, add); return;
    case "eval": add("eval", start, "eval runs code that can't be known", "write the code as a function"); return;
    case "Function":
      if (first === undefined && use !== "compare") add("eval", start, "Function makes code from text, which can't be known", "write the code as a function");
      return;
    case "globalThis": case "global":
      add("eval", start, `${of.name} is used as a value: what is read of it can't be known`, `name what is read: ${of.name}.fetch`);
      return;
    case "require":
      if (first === "resolve") location(start, "require.resolve", add);
      else if (first !== undefined || use !== "call" || typeof u.argument !== "string") add("dynamic-require", start, "require of a computed name: which module is loaded can't be known", "import each module by a literal name");
      return;
    case "arguments":
      add("dynamic-require", start, "arguments of a CommonJS module give access to modules that can't be known", "import each module by a literal name");
      return;
    case "module":
      if (first !== "exports" && first !== "id") add("dynamic-require", start, `module${second === undefined ? "" : `.${first ?? ""}`} gives access to modules that can't be known`, "import each module by a literal name");
      return;
    default: return;
  }
}

function builtin(u: Use, name: string, add: Add): void {
  const [first] = u.path;
  switch (name) {
    case "node:process": processUse(u.path, u, add); return;
    case "node:vm": case "node:repl": case "node:inspector": add("eval", u.start, `${name} runs code that can't be known`, "write the code as a function"); return;
    case "node:worker_threads": if (first === undefined || first === "Worker") startsFile(u.start, "a worker", add); return;
    case "node:child_process": if (first === "fork") startsFile(u.start, "fork", add); return;
    case "node:cluster": startsFile(u.start, "a cluster", add); return;
    case "node:module":
      if (!["isBuiltin", "builtinModules", "enableCompileCache", "stripTypeScriptTypes"].includes(first ?? "")) {
        add("dynamic-require", u.start, `${first ?? "node:module"} gives access to modules that can't be known`, "import each module by a literal name");
      }
      return;
    default: return;
  }
}

function processUse(path: readonly string[], { start, use, argument }: Use, add: Add): void {
  const [first] = path;
  if (first === undefined) { if (use !== "compare") add("undeclared-env", start, "process is used as a value: which environment variables are read of it can't be known", "write process.env.NAME, and declare env: [\"NAME\"]"); return; }
  if (first === "env") env(path.slice(1), start, "process.env", add);
  else if (first === "report") add("undeclared-env", start, "process.report holds the whole environment", "read what is needed by its name");
  else if (first === "getBuiltinModule") {
    if (typeof argument !== "string" || /^(node:)?(module|vm|process)$/.test(argument)) add("dynamic-require", start, "process.getBuiltinModule gives access to modules that can't be known", "import the module by a literal name");
  } else if (["mainModule", "binding", "_linkedBinding", "dlopen"].includes(first)) add("dynamic-require", start, `process.${first} gives access to modules that can't be known`, "import each module by a literal name");
}

function env([name]: readonly string[], start: number, root: string, add: Add): void {
  if (name === undefined) add("undeclared-env", start, `${root} is read as a whole or by a computed name`, `write ${root}.NAME, and declare env: ["NAME"]`);
  else add("undeclared-env", start, `${root}.${name} is read and not declared`, `declare env: [${JSON.stringify(name)}]`, { env: name });
}

const startsFile = (start: number, what: string, add: Add) =>
  add("own-file-location", start, `${what} runs a file whose code is not followed`, "declare the file and what it imports: files: [\"…\"]", "files");

const location = (start: number, what: string, add: Add) =>
  add("own-file-location", start, `${what} tells where this file lies: files beside it may be read`, "declare files: [\"…\"]", "files");
