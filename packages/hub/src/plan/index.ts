export { changeText, versionOf, type ChangePlan, type PluginChange, type Target } from "./change-plan.ts";
export type { PlanContext } from "./context.ts";
export { outdated, type Outdated } from "./outdated.ts";
export { planInstall, planUninstall, planUpgrade, type InstallWish, type UpgradeWish } from "./plan-install.ts";
