import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { shownName, type TrackerEvent } from "@mlstack/core";
import { artifactStoreSuite, conformanceTarget, experimentTrackerSuite, modelDeployerSuite, orchestratorSuite, secretStoreSuite, type ShownPoint, type ShownRun } from "@mlstack/testkit/conformance";

/** How long a deployment may take here, in milliseconds. */
const WAIT_MS = 120_000;

export default [
  conformanceTarget(artifactStoreSuite, { flavor: "local", start: ({ folder, open }) => ({ subject: { open: () => open({ path: folder }) } }) }),

  // worker processes run steps of real plans only: tests/contracts/conformance/local-orchestrator.test.ts has a project for them
  conformanceTarget(orchestratorSuite, { flavor: "local", start({ open, client }) {
    const config = { concurrency: 3, isolation: "inline" };
    return { subject: { open: () => open(config), client: client(config) } };
  } }),

  conformanceTarget(experimentTrackerSuite, { flavor: "local", start({ open, stateDir }) {
    const folder = (id: string) => join(stateDir, "tracking", id);
    return { subject: {
      open: () => open(),
      runsOf: async (runId) => (existsSync(join(folder(runId), "run.json")) ? [runId] : []),
      remove: async (id) => { rmSync(folder(id), { recursive: true }); },
      show: async (id) => shownIn(folder(id)),
    } };
  } }),

  conformanceTarget(secretStoreSuite, { flavor: "env", start({ open }) {
    const variable = (name: string) => `MLSTACK_SECRET_${name.toUpperCase()}`;
    return { subject: {
      open: () => open(),
      outside: { put: async (name, value) => { process.env[variable(name)] = value; }, remove: async (name) => { Reflect.deleteProperty(process.env, variable(name)); } },
    } };
  } }),

  conformanceTarget(secretStoreSuite, { flavor: "file", start({ open, folder, stateDir }) {
    return { subject: {
      open: () => open({ keyFile: join(folder, "secrets.key") }),
      refusedNames: ["", "Upper", "a b", "-a", "a-", "../a", "ä", "x".repeat(101)], refusedValues: ["x".repeat(64 * 1024 + 1)],
      async damage(name) { mkdirSync(join(stateDir, "secrets"), { recursive: true }); writeFileSync(join(stateDir, "secrets", `${name}.json`), "{"); },
    } };
  } }),

  conformanceTarget(modelDeployerSuite, { flavor: "local", limitMs: 3 * WAIT_MS, start: ({ open, stateDir }) => ({ subject: {
    open: () => open(), waitMs: WAIT_MS, settings: { drainMs: 30_000 },
    credentialsOf: async (name) => [(JSON.parse(readFileSync(join(stateDir, "deployments", name, "deployment.json"), "utf8")) as { readonly token: string }).token],
  } }) }),
];

/** What lies in the folder of a tracked run, read by hand. */
function shownIn(folder: string): ShownRun {
  const run = JSON.parse(readFileSync(join(folder, "run.json"), "utf8")) as { readonly status: ShownRun["status"]; readonly endedAt?: string; readonly params: object; readonly tags: Readonly<Record<string, string>> };
  const path = join(folder, "events.jsonl");
  const events = (existsSync(path) ? readFileSync(path, "utf8").split("\n") : []).filter((line) => line !== "").map((line) => JSON.parse(line) as TrackerEvent);
  const texts = (values: object) => Object.fromEntries(Object.entries(values).map(([key, value]) => [key, String(value)]));
  const last = (kind: TrackerEvent["kind"]) => Object.fromEntries(events.filter((one) => one.kind === kind).map((one) => [shownName(one), one.value]));
  const metrics: Record<string, ShownPoint[]> = {};
  for (const one of events) {
    if (one.kind !== "metric") continue;
    // numbers that JSON has not are kept as texts
    const value: unknown = one.value;
    (metrics[shownName(one)] ??= []).push({ value: typeof value === "object" ? Number((value as { readonly number: string }).number) : one.value, step: one.step, time: one.time });
  }
  for (const all of Object.values(metrics)) all.sort((a, b) => a.step - b.step || a.time - b.time);
  return {
    status: run.status, ...(run.endedAt !== undefined && { endedAt: new Date(run.endedAt) }), params: { ...texts(run.params), ...texts(last("param")) }, tags: { ...run.tags, ...texts(last("tag")) }, metrics,
    file: async (name) => { const file = join(folder, "files", name); return existsSync(file) ? readFileSync(file) : undefined; },
  };
}
