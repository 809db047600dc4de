import type { StepLaunch, StepSpec } from "@mlstack/core";

/** What an orchestrator is asked to start. */
export function launchOf(spec: Partial<StepSpec> = {}): StepLaunch {
  const full: StepSpec = {
    version: 1, runId: "0198c1f2-7c1e", project: "p", node: "train@3", attempt: 1, ordinal: 0, willRetry: false, plan: "ab".repeat(32), inputs: {}, data: {}, files: null,
    cache: { domain: "main", store: true }, trackedRun: null, stack: {}, zone: null, timeoutMs: null, driver: { beat: "journal/0198c1f2-7c1e/_run/0/beat", silenceMs: 90_000 }, resources: { memory: 512 * 2 ** 20 }, ...spec,
  };
  return { spec: full, command: ["step", "run", "spec.json"], env: { TOKEN: "t" } };
}
