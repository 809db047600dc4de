import { realpathSync } from "node:fs";
import { bindings, type Bindings } from "./bindings.ts";
import { closures } from "./closure.ts";
import { dataDigests, moduleDigests, unitDigests, type DataDigests, type ModuleDigests } from "./digest.ts";
import { evaluationTable, type EvaluationTable } from "./evaluation.ts";
import { linkTable, type LinkTable } from "./links.ts";
import { moduleReadTable, type ModuleReadTable } from "./module-reads.ts";
import { moduleTable, type ModuleTable } from "./modules.ts";
import { outsideTable } from "./outside.ts";
import { modulePaths, type ModulePaths } from "./paths.ts";
import { purityAnalysis, type PurityAnalysis } from "./purity.ts";
import { sourceResolver, type SourceResolver } from "./resolve.ts";
import { stepTrimmer } from "./step-options.ts";
import { symbols, type Symbols } from "./symbols.ts";
import { settingsFinder } from "./tsconfig.ts";
import type { Unit } from "./model.ts";
import { unknowableTable, type UnknowableTable } from "./unknowable.ts";

/** All that is known of a project's code. Each table answers for one thing, remembers its answers, and lives as long as this object. */
export interface Project {
  readonly dir: string;
  readonly resolver: SourceResolver;
  readonly paths: ModulePaths;
  readonly modules: ModuleTable;
  readonly bindings: Bindings;
  readonly symbols: Symbols;
  readonly links: LinkTable;
  readonly purity: PurityAnalysis;
  readonly evaluations: EvaluationTable;
  readonly moduleReads: ModuleReadTable;
  readonly unknowables: UnknowableTable;
  readonly moduleDigests: ModuleDigests;
  readonly dataDigests: DataDigests;
  /** A step's declaration without what is no code of it. */
  readonly trim: (unit: Unit) => Unit | undefined;
}

export function openProject(projectDir: string): Project {
  const dir = realpathSync.native(projectDir);
  const resolver = sourceResolver(dir);
  const paths = modulePaths(dir, resolver.manifests);
  const modules = moduleTable(paths, resolver, settingsFinder());
  const bound = bindings(modules, resolver);
  const symbolic = symbols(bound);
  const links = linkTable(bound);
  const purity = purityAnalysis(symbolic);
  const reach = closures(links, purity);
  return {
    dir, resolver, paths, modules, bindings: bound, symbols: symbolic, links, purity,
    evaluations: evaluationTable(bound),
    moduleReads: moduleReadTable(purity, outsideTable(links), reach),
    unknowables: unknowableTable(links),
    dataDigests: dataDigests(),
    moduleDigests: moduleDigests(unitDigests(links, paths), purity, reach),
    trim: stepTrimmer(symbolic),
  };
}
