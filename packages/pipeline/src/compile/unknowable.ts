import { dirname } from "node:path";
import { isDeclared, projectPath, type Declared } from "./declared.ts";
import type { LinkTable, Use } from "./links.ts";
import type { ModuleRecord, Unit } from "./model.ts";
import type { PathValues } from "./path-text.ts";
import { namedFiles } from "./named-files.ts";
import { navigatorRead, osRead, processRead, threadRead, type ProcessRead } from "./process-reads.ts";
import { IMPLIED_ENV } from "./reached.ts";
import type { UncachedReason } from "./types.ts";

/** What declaration takes a reason away. */
type Unless = { readonly env: string } | { readonly file: string };

interface Unknowable {
  readonly reason: UncachedReason;
  readonly unless: Unless | undefined;
}

export interface UnknowableTable {
  /** What in a unit, functions included, keeps its behaviour from being known. */
  of(unit: Unit, declared: Declared): readonly UncachedReason[];
}

/** What the rules need of the project around a unit. */
export interface Places {
  readonly projectDir: string;
  readonly paths: PathValues;
}

export function unknowableTable(links: LinkTable, places: Places): UnknowableTable {
  const known = new WeakMap<Unit, readonly Unknowable[]>();
  return {
    of(unit, declared) {
      let found = known.get(unit);
      if (found === undefined) known.set(unit, found = look(unit, links, places));
      return found.filter(({ unless }) => unless === undefined || ("env" in unless ? !declared.env.includes(unless.env) : !isDeclared(unless.file, declared))).map(({ reason }) => reason);
    },
  };
}

function look(unit: Unit, links: LinkTable, places: Places): Unknowable[] {
  const { module, facts } = unit;
  const found: Unknowable[] = [];
  const add: Add = (rule, start, message, fix, unless) => void found.push({ reason: { rule, message, fix, at: module.at(start) }, unless });

  for (const { specifier, start } of facts.dynamicImports) {
    if (specifier === undefined) add("dynamic-import", start, "import() of a computed name: which module is loaded can't be known", "import each module by a literal name");
  }
  for (const start of facts.evals) add("eval", start, "code that is made from text, or names that are looked up while it runs, can't be known", "write the code as a function");
  for (const use of links.of(unit).uses) looked({ ...use, module, places }, add);
  return found;
}

type Add = (rule: UncachedReason["rule"], start: number, message: string, fix: string, unless?: Unless) => void;

interface Seen extends Use {
  readonly module: ModuleRecord;
  readonly places: Places;
}

function looked(u: Seen, add: Add): void {
  const { of, start, use } = u;
  if (use === "typeof") return;
  if (of.kind === "builtin") { builtin(u, of.name, add); return; }
  if (of.kind === "package") { registryRead(u, add); return; }
  const [first, second] = u.path;
  switch (of.name) {
    case "process": processUse(u, add); return;
    case "navigator": machineRead(u, navigatorRead(u.path), ["navigator", ...u.path].join("."), add); return;
    case "import.meta":
      if (first === "env") env(u.path.slice(1), start, "import.meta.env", add);
      else if (first === "main") machineRead(u, "unknown", "import.meta.main", add);
      else if (first === undefined || ["url", "dirname", "filename", "resolve"].includes(first)) location(u, `import.meta${first === undefined ? "" : `.${first}`}`, add);
      return;
    case "__dirname": case "__filename": location(u, of.name, add); return;
    case "eval": add("eval", start, "eval runs code that can't be known", "write the code as a function"); return;
    case "Function":
      if (first === undefined && use !== "compare") add("eval", start, "Function makes code from text, which can't be known", "write the code as a function");
      return;
    case "globalThis": case "global":
      add("eval", start, `${of.name} is used as a value: what is read of it can't be known`, `name what is read: ${of.name}.fetch`);
      return;
    case "require":
      if (first === "resolve") location(u, "require.resolve", add);
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

function builtin(u: Seen, name: string, add: Add): void {
  const [first] = u.path;
  for (const file of namedFiles(u, name, u.module, u.places)) add("undeclared-file", u.start, `${JSON.stringify(file)} is named and not declared, so its content is not part of the key`, `declare files: [${JSON.stringify(file)}], or hand it in as file() or dir()`, { file });
  switch (name) {
    case "node:process": processUse(u, add); return;
    case "node:os": machineRead(u, osRead(u.path), ["os", ...u.path].join("."), add); return;
    case "node:tty": machineRead(u, "unknown", name, add); return;
    case "node:util": if (first === "parseArgs") machineRead(u, "unknown", "the command line (parseArgs)", add); return;
    case "node:vm": case "node:repl": case "node:inspector": add("eval", u.start, `${name} runs code that can't be known`, "write the code as a function"); return;
    case "node:worker_threads":
      if (first === undefined || first === "Worker") startsFile(u, "a worker", add);
      else machineRead(u, threadRead(u.path), first, add);
      return;
    case "node:child_process": if (first === "fork") startsFile(u, "fork", add); return;
    case "node:cluster": startsFile(u, "a cluster", add); return;
    case "node:module":
      if (!["isBuiltin", "builtinModules", "enableCompileCache", "stripTypeScriptTypes"].includes(first ?? "")) {
        add("dynamic-require", u.start, `${first ?? "node:module"} gives access to modules that can't be known`, "import each module by a literal name");
      }
      return;
    default: return;
  }
}

function processUse(u: Seen, add: Add): void {
  const { path, start, use } = u;
  const [first] = path;
  if (first === undefined) { if (use !== "compare") add("undeclared-env", start, "process is used as a value: which environment variables are read of it can't be known", "write process.env.NAME, and declare env: [\"NAME\"]"); return; }
  if (first === "env") env(path.slice(1), start, "process.env", add);
  else if (first === "report") add("undeclared-env", start, "process.report holds the whole environment", "read what is needed by its name");
  else if (["mainModule", "binding", "_linkedBinding", "dlopen", "getBuiltinModule"].includes(first)) add("dynamic-require", start, `process.${first} gives access to modules that can't be known`, "import each module by a literal name");
  else if (first === "loadEnvFile") {
    // at the top of a module it has run before the plan is made, and what is declared of it is in the key
    if (u.depth > 0) add("reads-process", start, "process.loadEnvFile sets variables while the step runs, and their values are not part of the key", "call it at the top of the pipeline's module, and declare env: [\"NAME\"]");
  } else machineRead(u, processRead(path), `process.${path.join(".")}`, add);
}

/** What can be read of the process and the machine, and is in no key. */
function machineRead({ start, use }: Seen, read: ProcessRead, what: string, add: Add): void {
  if (read !== "unknown" || use === "write" || use === "compare") return;
  add("reads-process", start, `${what} tells where the step runs, which is not part of the key`, "hand in what it needs as a parameter; for temporary files there is scratch()");
}

function env([name]: readonly string[], start: number, root: string, add: Add): void {
  if (name === undefined) add("undeclared-env", start, `${root} is read as a whole or by a computed name`, `write ${root}.NAME, and declare env: ["NAME"]`);
  else if (root !== "process.env" || !IMPLIED_ENV.has(name)) add("undeclared-env", start, `${root}.${name} is read and not declared`, `declare env: [${JSON.stringify(name)}]`, { env: name });
}

/** zod's own registry holds what all loaded modules have put into it; which those are, no step says. */
function registryRead(u: Seen, add: Add): void {
  if (u.of.kind !== "package" || (u.of.trust !== "zod" && u.of.trust !== "mlstack")) return;
  const at = u.path.indexOf("globalRegistry");
  const isRead = at >= 0 ? ["get", "has", "_map", "_idmap"].includes(u.path[at + 1] ?? "") : u.path.at(-1) === "toJSONSchema" && u.texts.some((t) => t?.kind === "name" && [t.name, ...t.path].includes("globalRegistry"));
  if (isRead) add("reassigned-binding", u.start, "z.globalRegistry holds what all modules that are loaded have put into it", "use a registry of your own: z.registry()");
}

/** A file that runs: where the source names it, it can be declared; what it imports has to be, too. */
function startsFile(u: Seen, what: string, add: Add): void {
  const [text] = u.texts;
  const value = text === undefined ? undefined : u.places.paths.of(text, u.module);
  const file = value === undefined ? undefined : projectPath(u.places.projectDir, value);
  add("own-file-location", u.start, `${what} runs a file whose code is not followed`, file === undefined ? "name the file where it is started, and declare it and what it imports: files: [\"…\"]" : `declare it and what it imports: files: [${JSON.stringify(file)}]`, file === undefined ? undefined : { file });
}

/**
 * Where the module lies tells where other files are. The path that is made of it can be declared where the source says it in full; else
 * the folder of the module stands for all that may be read.
 */
function location(u: Seen, what: string, add: Add): void {
  const { within, places, module } = u;
  const isBare = within === undefined || within.kind === "place";
  const value = isBare ? dirname(module.file) : places.paths.of(within, module);
  const file = value === undefined ? undefined : projectPath(places.projectDir, value);
  if (file === undefined) add("own-file-location", u.start, `${what} tells where this file lies: files beside it may be read`, "write the path out, as in new URL(\"./x.txt\", import.meta.url), and declare it: files: [\"…\"]");
  else if (isBare) add("own-file-location", u.start, `${what} tells where this file lies: files beside it may be read`, `write the path out, as in new URL("./x.txt", import.meta.url), and declare it; or declare the folder: files: [${JSON.stringify(file)}]`, { file });
  else add("own-file-location", u.start, `${what} leads to ${JSON.stringify(file)}, which is not declared`, `declare files: [${JSON.stringify(file)}], or hand it in as file() or dir()`, { file });
}
