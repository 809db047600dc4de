import { withoutTypes, type Node } from "../ast.ts";
import { fingerprintOf, retainedOf } from "../fingerprint.ts";
import { identify } from "../identity.ts";
import type { ModuleRecord } from "../model.ts";
import { real } from "../paths.ts";
import { openProject, type Project } from "../project.ts";
import type { UncachedReason } from "../types.ts";
import { gathered, type LintFinding } from "./finding.ts";
import { stepsOf, type FoundStep } from "./found-steps.ts";
import { modulesWithSteps } from "./project-modules.ts";
import { reachedFindings } from "./reached-findings.ts";
import { resultFindings } from "./results.ts";

/** What the linter has looked at, and found. */
export interface LintReport {
  /** Sorted by place. */
  readonly findings: readonly LintFinding[];
  readonly modules: number;
  readonly steps: number;
}

/** What keeps code from running at all, and not only from being cached. */
const FATAL: ReadonlySet<UncachedReason["rule"]> = new Set(["unreadable-module", "unresolved-package"]);

/**
 * Looks at the steps of a project without running anything of it.
 *
 * @param file a module: what is loaded with it is looked at. All of the project by default
 */
export function lint({ projectDir, file }: { readonly projectDir: string; readonly file?: string | undefined }): LintReport {
  const project = openProject(projectDir);
  const modules = (file === undefined ? modulesWithSteps(project.dir).map((f) => project.modules.get(f)) : loadedWith(project, project.modules.get(real(file) ?? file)));
  // modules that no process loads together do not change what the others find
  const loaded = file === undefined ? [] : modules.filter((m) => m.failure === undefined).map((m) => m.path);
  const found = gathered();
  let steps = 0;
  for (const module of modules) {
    if (module.failure !== undefined) { reasonOf(module.failure, module.path, found.add); continue; }
    for (const step of stepsOf(project, module)) {
      steps++;
      lintStep(project, step, loaded, found.add);
    }
  }
  return { findings: found.all(), modules: modules.length, steps };
}

type Add = ReturnType<typeof gathered>["add"];

function lintStep(project: Project, step: FoundStep, loaded: readonly string[], add: Add): void {
  for (const finding of resultFindings(step)) add(finding, step.name);
  const place = placeOf(step);
  const identity = identify(project, place, step.name);
  if ("rule" in identity) { reasonOf(identity, step.module.at(step.call.start), add, step.name); return; }
  const reached = reachedFindings(project, retainedOf(project, identity));
  for (const finding of reached) if (finding.rule === "vendor-sdk" || step.spec?.isUncached !== true) add(finding, step.name);
  const vendors = new Set(reached.filter((f) => f.rule === "vendor-sdk").map((f) => f.at));
  const { uncached } = fingerprintOf(project, identity, { env: step.spec?.env ?? [], files: step.spec?.files ?? [] }, loaded);
  for (const reason of uncached) {
    if (step.spec?.isUncached === true && !FATAL.has(reason.rule)) continue;
    // to install a vendor's library is no way out
    if (reason.rule === "unresolved-package" && reason.at !== undefined && vendors.has(reason.at)) continue;
    // what is declared by a computed list can't be told from what is not
    if ((reason.rule === "undeclared-env" && step.spec?.env === undefined) || (reason.rule === "undeclared-file" && step.spec?.files === undefined)) continue;
    reasonOf(reason, step.module.at(step.call.start), add, step.name);
  }
}

function reasonOf({ rule, message, fix, at }: UncachedReason, fallback: string, add: Add, step?: string): void {
  add({ rule, severity: FATAL.has(rule) ? "error" : "warning", message, fix, at: at ?? fallback }, step);
}

/** Where Node says that a call is. */
function placeOf({ module, call }: FoundStep): { readonly file: string; readonly line: number; readonly column: number } {
  const callee: Node = withoutTypes(call.callee);
  const [, line, column] = /:(\d+):(\d+)$/.exec(module.at(callee.type === "MemberExpression" ? callee.property.start : callee.start)) ?? [];
  return { file: module.file, line: Number(line), column: Number(column) };
}

/** A module with those that are loaded with it, itself last. */
function loadedWith(project: Project, entry: ModuleRecord): ModuleRecord[] {
  return project.evaluations.of(entry).items.flatMap((item) => ("module" in item ? [item.module] : []));
}
