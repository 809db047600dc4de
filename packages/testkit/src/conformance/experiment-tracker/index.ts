import type { ConformanceSuite } from "../suite.ts";
import { trackerCallCases } from "./call-cases.ts";
import { logCases } from "./log-cases.ts";
import { runCases } from "./run-cases.ts";
import { withinTracker, type ExperimentTrackerContext, type ExperimentTrackerSubject } from "./subject.ts";
import type { TrackerNeed } from "./tools.ts";

const REASONS: Readonly<Record<TrackerNeed, string>> = {
  check: "the tracker has no check", files: "the tracker shows no files (files)", many: "one process at a time logs to a run (writers)",
  remove: "the test can't remove runs", denied: "the test has no tracker with wrong credentials", unreachable: "the test has no tracker that can't be reached",
};

function isThere(need: TrackerNeed, { tracker, subject }: ExperimentTrackerContext): boolean {
  switch (need) {
    case "check": return tracker.check !== undefined;
    case "files": return tracker.files !== false;
    case "many": return tracker.writers !== "one";
    case "remove": return subject.remove !== undefined;
    case "denied": return subject.openDenied !== undefined;
    case "unreachable": return subject.openUnreachable !== undefined;
  }
}

/**
 * experiment_tracker@1, promise by promise. Not here, for they need a service that loses answers: events of which it is open whether they were stored,
 * other than by sending them again.
 */
export const experimentTrackerSuite: ConformanceSuite<ExperimentTrackerSubject, ExperimentTrackerContext, TrackerNeed> = {
  contract: "experiment_tracker@1",
  cases: [...runCases, ...logCases, ...trackerCallCases],
  core: ["run.start", "log.kinds"],
  within: withinTracker,
  lacks: (need, context) => (isThere(need, context) ? undefined : REASONS[need]),
};
