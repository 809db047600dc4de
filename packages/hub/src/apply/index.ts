export * from "./change.ts";
export { changePlace } from "./change-place.ts";
export { changeName, generations, KEPT, type ChangePlace, type Generation, type Generations, type TouchedFiles } from "./generation.ts";
export { applyPlan, type Applied, type ApplyOptions } from "./apply-plan.ts";
export { foretellScripts, type ForetoldScripts } from "./foretell-scripts.ts";
export { isSameLock, lockOfInstalled, lockProject, verifyPinned } from "./lock-project.ts";
export { changeProject, installedPlugins, installProject, recoverFiles, recoverProject, touchedFiles, type ProjectChange } from "./project-change.ts";
export { planRollback, rollBack, type Rollback } from "./roll-back.ts";
