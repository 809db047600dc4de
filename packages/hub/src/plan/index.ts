export { changeText, versionOf, type ChangePlan, type PluginChange, type Target } from "./change-plan.ts";
export type { PlanContext } from "./context.ts";
export { outdated, type Outdated } from "./outdated.ts";
export { planInstall, planUninstall, planUpgrade, type InstallWish, type UpgradeWish } from "./plan-install.ts";
export { lockWidenings, refuseInUse, refuseInvalidConfig, refuseWidened, widenings, wideningText, type Widening } from "./guards.ts";
export { impactOf, type Impact, type ImpactContext, type KeyedResults } from "./impact.ts";
export type { RefusedComponent, SavedComponent } from "./saved-components.ts";
export type { SchemaDifference } from "./schema-difference.ts";
export { plannedLock, type PlannedEntry } from "./planned-lock.ts";
