export * from "./change.ts";
export { generations, KEPT, type Generation, type Generations, type TouchedFiles } from "./generation.ts";
export { applyPlan, type Applied, type ApplyOptions } from "./apply-plan.ts";
export { foretellScripts, type ForetoldScripts } from "./foretell-scripts.ts";
export { isSameLock, lockOfInstalled, lockProject, verifyPinned } from "./lock-project.ts";
export { changeProject, installedPlugins, installProject, recoverFiles, recoverProject, touchedFiles, type ProjectChange } from "./project-change.ts";
export { rollBack, stateBefore } from "./roll-back.ts";
