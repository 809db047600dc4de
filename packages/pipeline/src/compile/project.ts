import { realpathSync } from "node:fs";
import { bindings, type Bindings } from "./bindings.ts";
import { closures } from "./closure.ts";
import { compileModule, type Compiled } from "./compile.ts";
import { dataFiles, moduleDigests, unitDigests, type DataFiles, type ModuleDigests } from "./digest.ts";
import { evaluationTable, type EvaluationTable } from "./evaluation.ts";
import { writeTable, type WriteTable } from "./late-writes.ts";
import { linkTable, type LinkTable } from "./links.ts";
import { moduleReadTable, type ModuleReadTable } from "./module-reads.ts";
import { moduleTable, type ModuleTable } from "./modules.ts";
import { outsideTable } from "./outside.ts";
import { modulePaths, type ModulePaths } from "./paths.ts";
import { purityAnalysis, type PurityAnalysis } from "./purity.ts";
import { sourceResolver, type SourceResolver } from "./resolve.ts";
import { stepTrimmer } from "./step-options.ts";
import { symbols, type Symbols } from "./symbols.ts";
import { settingsFinder, type SettingsFinder } from "./tsconfig.ts";
import type { ModuleRecord, Unit } from "./model.ts";
import { pathValues } from "./path-text.ts";
import { reachedTable, type ReachedTable } from "./reached.ts";
import { unknowableTable, type UnknowableTable } from "./unknowable.ts";

/** All that is known of a project's code. Each table answers for one thing, remembers its answers, and lives as long as this object. */
export interface Project {
  readonly dir: string;
  readonly resolver: SourceResolver;
  readonly paths: ModulePaths;
  readonly modules: ModuleTable;
  readonly settings: SettingsFinder;
  readonly bindings: Bindings;
  readonly symbols: Symbols;
  readonly links: LinkTable;
  readonly purity: PurityAnalysis;
  readonly evaluations: EvaluationTable;
  readonly moduleReads: ModuleReadTable;
  readonly unknowables: UnknowableTable;
  readonly reached: ReachedTable;
  readonly writes: WriteTable;
  readonly moduleDigests: ModuleDigests;
  readonly data: DataFiles;
  /** @throws MLS1013 */
  compiled(module: ModuleRecord): Compiled;
  /** A step's declaration without what is no code of it. */
  readonly trim: (unit: Unit) => Unit | undefined;
}

export function openProject(projectDir: string): Project {
  const dir = realpathSync.native(projectDir);
  const resolver = sourceResolver(dir);
  const paths = modulePaths(dir, resolver.manifests);
  const settings = settingsFinder();
  const modules = moduleTable(paths, resolver, settings);
  const bound = bindings(modules, resolver);
  const symbolic = symbols(bound);
  const links = linkTable(bound);
  const purity = purityAnalysis(symbolic);
  const reach = closures(links, purity);
  const evaluations = evaluationTable(bound);
  return {
    dir, resolver, paths, modules, settings, bindings: bound, symbols: symbolic, links, purity,
    evaluations,
    moduleReads: moduleReadTable(purity, outsideTable(links), reach),
    unknowables: unknowableTable(links, { projectDir: dir, paths: pathValues(bound) }),
    reached: reachedTable(links),
    writes: writeTable(bound, links, (root) => graphOf(root, evaluations, links)),
    data: dataFiles(),
    compiled: compilations(),
    moduleDigests: moduleDigests(unitDigests(links, paths), purity, reach),
    trim: stepTrimmer(symbolic),
  };
}

/** Each module is compiled once. */
function compilations(): Project["compiled"] {
  const known = new WeakMap<ModuleRecord, Compiled>();
  return (module) => {
    let found = known.get(module);
    if (found === undefined) known.set(module, found = compileModule(module.file, module.text, module.format, module.settings));
    return found;
  };
}

/** All modules that are loaded with one, those included that its code loads later. */
function graphOf(root: ModuleRecord, evaluations: EvaluationTable, links: LinkTable): ReadonlySet<ModuleRecord> {
  const found = new Set<ModuleRecord>();
  const roots = new Set([root]);
  for (const from of roots) {
    for (const item of evaluations.of(from).items) {
      if (!("module" in item) || found.has(item.module)) continue;
      found.add(item.module);
      for (const unit of item.module.units) for (const { target, loads } of unit.facts.dynamicImports.length === 0 ? [] : links.of(unit).links) if (loads && (target.kind === "namespace" || target.kind === "whole")) roots.add(target.module);
    }
  }
  return found;
}
