import type { ConformanceCase } from "../suite.ts";
import type { ExperimentTrackerContext } from "./subject.ts";

export type TrackerNeed = "check" | "files" | "many" | "remove" | "denied" | "unreachable";
export type TrackerCase = ConformanceCase<ExperimentTrackerContext, TrackerNeed>;
