export { runKit, type KitOptions } from "./run-kit.ts";
export type { AccessKind, CaseReport, KitEvent, KitReport, ReportedError, TargetReport } from "./report.ts";
