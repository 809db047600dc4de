import { existsSync } from "node:fs";
import { dirname, sep } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { describe } from "./bindings.ts";
import { CODE_ALGORITHM, compare, digestOf, isOrdered } from "./digest.ts";
import type { EvaluationItem } from "./evaluation.ts";
import type { ModuleRecord, Unit } from "./model.ts";
import type { Project } from "./project.ts";
import { reachOf } from "./reach.ts";
import { retain, type Retained } from "./retain.ts";
import type { CodeFingerprint, ModuleFingerprint, ReachedPackage, StepIdentity, UncachedReason } from "./types.ts";
import type { Declared } from "./declared.ts";
import { processLoads } from "./loads.ts";
import { isCode } from "./resolve.ts";

/**
 * What of a project's own code one export reaches, and whether that can be known at all.
 *
 * What it cannot see: objects that are changed under another name (a parameter, a local one); built-in objects that modules outside of the
 * export's own graph patch; packages that patch others, or read the outside world; files that are named by computed paths; the text of a
 * function (`toString`) and the lines of a stack trace.
 *
 * @param loaded paths of modules that the process loads besides the step's own graph, and that may change what the step finds
 */
export function fingerprintOf(project: Project, identity: StepIdentity, declared: Declared, loaded: readonly string[]): CodeFingerprint {
  const file = project.paths.fileOf(identity.module);
  if (file === undefined) return unreadable(`${identity.module} is not there`, identity.module);
  const module = project.modules.get(file);
  if (module.failure !== undefined) return { ...NOTHING, digest: digestOf([CODE_ALGORITHM, "unreadable", module.path]), uncached: [module.failure] };
  const targets = project.bindings.ofExport(module, identity.export);
  if (targets.length === 0) return unreadable(`${identity.module} has no export ${identity.export}`, identity.module);

  const reassigned = new Map<string, UncachedReason>();
  const entry = targets.map((t) => describe(t, project.paths.pathOf)).toSorted();
  const retained = retainEntry(project, module, identity.export, (m, name) => noteReassigned(m, name, reassigned));

  const reasons = [...retained.failures, ...reassigned.values()];
  for (const unit of retained.units) reasons.push(...project.unknowables.of(unit, declared));
  reasons.push(...project.moduleReads.of(retained.units), ...project.writes.of(retained, modulesOf(project, loaded)));
  const reached = project.reached.of(retained.units);
  const packages = packagesOf(retained);
  const modules = moduleFingerprints(project, module, retained, reasons);
  return {
    digest: digestOf([CODE_ALGORITHM, entry, Object.entries(modules).map(([path, { digest }]) => [path, digest])]),
    modules, packages, files: reachOf(retained, project.bindings), uncached: distinct(reasons),
    // what a package does with dates and texts is not looked at
    readsZone: reached.zone || packages.some((p) => p.name !== "zod"),
    readsPlatform: reached.platform || [...retained.data.keys()].some((file) => file.endsWith(".node")),
    env: [...reached.env].toSorted(),
  };
}

const NOTHING = { modules: {}, packages: [], files: [], readsZone: false, readsPlatform: false, env: [] } as const;

/** Modules of the project that this process has loaded: those that are named, and those that the hooks know of. */
function modulesOf(project: Project, paths: readonly string[]): ModuleRecord[] {
  const named = paths.flatMap((path) => project.paths.fileOf(path) ?? []);
  const loaded = [...processLoads().sources.keys()].filter((file) => file.startsWith(project.dir + sep) && project.resolver.isOwn(file) && existsSync(file));
  return [...new Set([...named, ...loaded])].filter((file) => isCode(file)).map((file) => project.modules.get(file));
}

function unreadable(message: string, path: string): CodeFingerprint {
  return { ...NOTHING, digest: digestOf([CODE_ALGORITHM, "unreadable", message]), uncached: [{ rule: "unreadable-module", message, fix: "correct the path, or the name of the export", at: path }] };
}

/** What an export that is there reaches. */
export function retainedOf(project: Project, { module: path, export: name }: StepIdentity): Retained {
  return retainEntry(project, project.modules.get(project.paths.fileOf(path)!), name, () => undefined);
}

/** A step's options are left out of its code. Code that looks at the step itself names it, and so brings the whole of it in. */
function retainEntry(project: Project, module: ModuleRecord, exported: string, onOwn: (module: ModuleRecord, name: string) => void): Retained {
  const units: Unit[] = [];
  for (const target of project.bindings.ofExport(module, exported)) {
    if (target.kind === "unit") {
      onOwn(target.module, target.name);
      units.push(...(target.module.byName.get(target.name) ?? []));
    } else if (target.kind === "whole") units.push(...target.module.units);
  }
  return retain(module, units.map((u) => (project.purity.of(u).droppable ? project.trim(u) ?? u : u)), project, onOwn);
}

function noteReassigned(module: ModuleRecord, name: string, into: Map<string, UncachedReason>): void {
  if (module.reassignedLater.size === 0) return;
  for (const bound of new Set([name, ...(module.byName.get(name) ?? []).flatMap((u) => u.names)])) {
    const start = module.reassignedLater.get(bound);
    if (start === undefined || into.has(`${module.path} ${bound}`)) continue;
    into.set(`${module.path} ${bound}`, {
      rule: "reassigned-binding", message: `${bound} is assigned again after it was declared: its value depends on what ran before`,
      fix: `make ${bound} a const, or keep it inside of run`, at: module.at(start),
    });
  }
}

function moduleFingerprints(project: Project, entry: ModuleRecord, retained: Retained, reasons: UncachedReason[]): Record<string, ModuleFingerprint> {
  const byModule = new Map<ModuleRecord, Unit[]>([[entry, []]]);
  for (const unit of retained.units) {
    const units = byModule.get(unit.module);
    if (units === undefined) byModule.set(unit.module, [unit]);
    else units.push(unit);
  }
  const order = executionOrder(project, retained, byModule);
  const all: [string, ModuleFingerprint][] = [];
  for (const [module, units] of byModule) {
    all.push([module.path, project.moduleDigests.of({ module, units }, module === entry ? order : undefined)]);
  }
  for (const [file, keys] of retained.data) {
    const path = project.paths.pathOf(file);
    try {
      const symbols = project.data.digests(file, keys);
      all.push([path, { digest: digestOf(Object.entries(symbols)), symbols }]);
    } catch (e) {
      reasons.push({ rule: "unreadable-module", message: `${path} cannot be read: ${e instanceof Error ? e.message : String(e)}`, fix: "correct the file", at: path });
    }
  }
  return Object.fromEntries(all.toSorted(([a], [b]) => compare(a, b)));
}

/**
 * The order in which modules with effects run, and how many of them run before each module whose values could depend on that. Undefined
 * where nothing has effects: then the order of imports can't be noticed. Who loads the code decides whether an import that is not used
 * runs, so where that makes a difference both orders count.
 */
function executionOrder(project: Project, retained: Retained, byModule: ReadonlyMap<ModuleRecord, readonly Unit[]>): string | undefined {
  const sequences = (items: readonly EvaluationItem[], isCircular: boolean) => {
    const sequence: string[] = [];
    const places: [string, number][] = [];
    for (const item of items) {
      if ("bare" in item) { sequence.push(item.text); continue; }
      const units = byModule.get(item.module) ?? [];
      if (units.some((u) => isOrdered(u, project.purity)) || (isCircular && units.length > 0)) sequence.push(item.module.path);
      else if (units.some((u) => project.purity.of(u).readsState)) places.push([item.module.path, sequence.length]);
    }
    return { sequence, places: places.toSorted(([a], [b]) => compare(a, b)) };
  };
  const parts = retained.evaluations.map(({ root, items, elided, isCircular }) => ({ root: root.path, all: sequences(items, isCircular), elided: elided && sequences(elided, isCircular) }));
  if (parts.every((p) => p.all.sequence.length === 0)) return undefined;
  return digestOf(parts.map(({ root, all, elided }, i) => {
    const part = [i === 0 ? "" : root, all.sequence, all.places];
    return elided === undefined || isDeepStrictEqual(elided, all) ? part : [...part, elided.sequence, elided.places];
  }));
}

function packagesOf({ packages }: Retained): ReachedPackage[] {
  const all = new Map<string, ReachedPackage>();
  for (const { name, from, file } of packages) {
    const reached = { name, from: dirname(from.file), ...(file !== undefined && { file }) };
    all.set(JSON.stringify(reached), reached);
  }
  return [...all].toSorted(([a], [b]) => compare(a, b)).map(([, reached]) => reached);
}

function distinct(reasons: readonly UncachedReason[]): UncachedReason[] {
  const byText = new Map(reasons.map((r) => [JSON.stringify([r.at ?? "", r.rule, r.message]), r]));
  return [...byText].toSorted(([a], [b]) => compare(a, b)).map(([, r]) => r);
}
