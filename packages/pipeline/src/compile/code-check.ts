import { lstatSync, statSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { canonicalJson } from "./digest.ts";
import { isYoung, processLoads, sourceText, type LoadedLink, type LoadedSource } from "./loads.ts";
import type { ModuleFormat, ModuleRecord } from "./model.ts";
import { parserTool } from "./oxc.ts";
import type { Project } from "./project.ts";
import type { ReachedFile } from "./reach.ts";
import { isBare, isCode, packageOf, type RequestMode, type Resolution } from "./resolve.ts";
import { serialize } from "./serialize.ts";
import type { LoadCheck, UncachedReason } from "./types.ts";

/** A file as it was when code digests were made of it. */
interface SourceFact {
  readonly file: string;
  readonly path: string;
  /** As `LoadedSource` has it. Undefined where it could not be read or compiled: then nothing that was loaded is it. */
  readonly text: string | undefined;
  readonly format: ModuleFormat | undefined;
  /** Files that decide how it is read and what its imports lead to. */
  readonly configs: readonly string[];
  /** An import that means one thing by tsconfig.json, and another to Node. */
  readonly ambiguous: UncachedReason | undefined;
}

/** Makes checks for the exports of one project. What it needs to know of a file it finds out at once: the files may change at any time. */
export function codeChecks(project: Project): (files: readonly ReachedFile[]) => LoadCheck {
  const facts = new Map<string, SourceFact>();
  const { resolver, paths } = project;
  const factOf = (file: string): SourceFact => {
    let fact = facts.get(file);
    if (fact === undefined) facts.set(file, fact = isCode(file) ? codeFact(project, project.modules.get(file)) : dataFact(project, file));
    return fact;
  };
  return (files) => codeCheck(new Map(files.map((f) => [f.file, { ...factOf(f.file), isLazy: f.isLazy }])), (link) => otherTarget(link, resolver.resolve(link.parent, link.specifier, link.mode), paths.pathOf));
}

/**
 * Compares what this process has loaded of a step's own code with what its digest was made of. Where the source hooks loaded a file they
 * have noted what it was; where they did not, one that was written after the process was started may be another than the one that runs.
 */
function codeCheck(facts: ReadonlyMap<string, SourceFact & { readonly isLazy: boolean }>, other: (link: LoadedLink) => UncachedReason | undefined): LoadCheck {
  let seen = { count: -1, links: 0 };
  /** What may still be loaded by somebody else than the hooks. */
  let open = [...facts.values()];
  let verdict: UncachedReason | undefined;

  const byLoads = (): UncachedReason | undefined => {
    const { sources, links, count } = processLoads();
    if (count === seen.count) return undefined;
    const fresh = links.slice(seen.links);
    seen = { count, links: links.length };
    for (const fact of facts.values()) {
      if (sources.get(fact.file)?.some((s) => !isSame(fact, s)) === true) return changed(`${fact.path} was changed after this process had loaded it`);
    }
    for (const link of fresh) {
      const reason = facts.has(link.parent) ? other(link) : undefined;
      if (reason !== undefined) return reason;
    }
    return undefined;
  };

  const byFiles = (): UncachedReason | undefined => {
    const { sources } = processLoads();
    const left: typeof open = [];
    for (const fact of open) {
      if (sources.has(fact.file)) continue;
      if (isYoung(statSync(fact.file, { throwIfNoEntry: false }))) return changed(`${fact.path} was changed after this process was started`);
      const config = fact.configs.find((c) => isYoung(lstatSync(c, { throwIfNoEntry: false })));
      if (config !== undefined) return changed(`${config}, which decides how ${fact.path} is read, was changed after this process was started`);
      if (fact.ambiguous !== undefined) return fact.ambiguous;
      if (fact.isLazy) left.push({ ...fact, configs: [] });
    }
    // what is imported as a whole was there before anything ran
    open = left;
    return undefined;
  };

  const changedSince = () => (verdict ??= byLoads() ?? byFiles());
  // what was there before anything ran is judged now: an edit that comes later is not what this process has loaded
  changedSince();
  return { changed: changedSince };
}

function isSame({ file, text, format }: SourceFact, loaded: LoadedSource): boolean {
  const other = loaded.format?.replace(/-typescript$/, "");
  if (text === undefined || (other !== undefined && format !== undefined && other !== format)) return false;
  if (text === loaded.text) return true;
  // by now the file may be anything
  try { return isText(file) && meaningOf(file, text, format) === meaningOf(file, loaded.text, format); } catch { return false; }
}

const isText = (file: string): boolean => isCode(file) || file.endsWith(".json");

/** Code without comments and layout, which are no part of digests either; it is taken apart only where texts differ. */
function meaningOf(file: string, text: string, format: ModuleFormat | undefined): string {
  if (!isCode(file)) return canonicalJson(JSON.parse(text));
  return serialize(parserTool().parseSync(file, text, { lang: "js", sourceType: format ?? "module", preserveParens: false }).program);
}

function codeFact(project: Project, module: ModuleRecord): SourceFact {
  const { file, path, format, text } = module;
  const isPlain = /\.[cm]?js$/.test(file);
  let code: string | undefined;
  try { code = isPlain ? sourceText(file, text) : project.compiled(module).code; } catch { code = undefined; }
  const manifest = project.resolver.manifests(dirname(file));
  return { file, path, text: code, format, configs: [...(manifest === undefined ? [] : [join(manifest.dir, "package.json")]), ...project.settings.filesOf(dirname(file))], ambiguous: ambiguous(project, module) };
}

function dataFact({ data, paths }: Project, file: string): SourceFact {
  let text: string | undefined;
  try { text = sourceText(file, data.bytes(file)); } catch { text = undefined; }
  return { file, path: paths.pathOf(file), text, format: undefined, configs: [], ambiguous: undefined };
}

/** Node without hooks knows no paths of tsconfig.json. Where it finds nothing at all, some other loader must have found it. */
function ambiguous({ bindings, resolver, paths }: Project, module: ModuleRecord): UncachedReason | undefined {
  for (const { specifier, mode } of module.requests) {
    if (!isBare(specifier)) continue;
    const r = bindings.resolution(module, specifier, mode);
    const meant = r.kind === "own" || r.kind === "data" || (r.kind === "package" && r.byPath) ? r.file : undefined;
    const found = meant === undefined ? undefined : resolver.withoutPaths(module.file, specifier, mode ?? modeOf(module));
    if (meant === undefined || found === undefined || found === meant) continue;
    return {
      rule: "loaded-otherwise", message: `${JSON.stringify(specifier)} in ${module.path} is ${paths.pathOf(meant)} by a path of tsconfig.json, which Node does not know: it found ${paths.pathOf(found)}`,
      fix: "start it with mlstack run, or with node --import mlstack/register", at: module.path,
    };
  }
  return undefined;
}

const modeOf = (module: ModuleRecord): RequestMode => (module.format === "commonjs" ? "require" : "import");

/** Whether an import has led elsewhere than it led to when digests were made. Of a package it matters which copy it is. */
function otherTarget({ parent, specifier, file }: LoadedLink, r: Resolution, pathOf: (file: string) => string): UncachedReason | undefined {
  const meant = r.kind === "own" || r.kind === "data" || r.kind === "package" ? r.file : undefined;
  if (meant === undefined || meant === file || (r.kind === "package" && r.trust === "mlstack")) return undefined;
  if (r.kind === "package" && copyOf(meant) === copyOf(file)) return undefined;
  return changed(`${JSON.stringify(specifier)} in ${pathOf(parent)} leads to ${pathOf(meant)}, and has led to ${pathOf(file)} in this process`);
}

/** The folder of the package that a file is in. */
function copyOf(file: string): string {
  const at = file.lastIndexOf(`${sep}node_modules${sep}`);
  return at < 0 ? file : file.slice(0, at) + packageOf(file);
}

function changed(message: string): UncachedReason {
  return { rule: "changed-after-load", message: `${message}: what ran may not be what is there now`, fix: "start the run in a new process, or with concurrency: 1" };
}
