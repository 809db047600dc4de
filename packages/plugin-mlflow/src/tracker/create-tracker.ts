import { userInfo } from "node:os";
import { resolve } from "node:path";
import type { ComponentContext, ExperimentTracker } from "@mlstack/core";
import type { TrackerConfig } from "../config.ts";
import { mlflowClient } from "../rest/client.ts";
import { http } from "../rest/http.ts";
import { mlflowTracker } from "./mlflow-tracker.ts";

export async function createTracker(config: TrackerConfig, context: ComponentContext): Promise<ExperimentTracker> {
  const line = await http(config, (path) => resolve(context.projectDir, path));
  return mlflowTracker(mlflowClient(line), { experiment: config.experimentName, runName: config.runName, user: config.username ?? userName(), pauseMs: 300 });
}

/** Undefined where the system has no name for the user, as in some containers. */
function userName(): string | undefined {
  try { return userInfo().username; } catch { return undefined; }
}
