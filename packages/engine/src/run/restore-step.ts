import { existsSync } from "node:fs";
import { cp, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { isAbsolute, join, relative, resolve } from "node:path";
import { MlstackError, type ArtifactStore, type DataPointer, type JsonObject, type StepSpec } from "@mlstack/core";
import { envHash, everyPlanNode, pathDigest, type Plan, type PlanStep } from "@mlstack/pipeline";
import { runtimeOf } from "@mlstack/pipeline/compile";
import type { Project, ProjectIdentity } from "../project/project.ts";
import { stackAt } from "../records/stack-at.ts";
import type { Records } from "../records/records.ts";
import type { RunRow, StepRow } from "../records/schema.ts";
import { processEnv, stepEnv, USUAL_ZONE } from "../step/zone.ts";
import { layOut } from "../step/lay-out.ts";
import { planEnvironment } from "../step/plan-environment.ts";
import { contentSpace } from "../store/content-space.ts";

/** A step as it was started, laid out in a folder. */
export interface RestoredStep {
  readonly dir: string;
  readonly spec: StepSpec;
  /** Where the module of the step lies in the folder's sources, as the project calls it. */
  readonly module: string;
  /** The environment for a process that runs it: time zone and language are those that it ran in. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Components that the step changes things with, by their names in the step's definition. */
  readonly effects: readonly string[];
  /** What is not as it was then, in a sentence each: it is today's that the step will see. */
  readonly differences: readonly string[];
}

/** Where a step is laid out, and what is compared with how it was. */
export interface RestorePlace {
  readonly project: Project;
  readonly identity: ProjectIdentity;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The store of the stack that the run was on when it had been resumed so often. */
  store(ordinal: number): Promise<ArtifactStore>;
}

/**
 * Lays out a step's code and what it was started with below the project's state folder, where the project's packages are in reach. What
 * the step does there is not stored and not tracked.
 *
 * @throws MLS4010 when the step was never started
 */
export async function restoreStep(run: RunRow, row: StepRow, records: Records, place: RestorePlace): Promise<RestoredStep> {
  const { project } = place;
  const started = (await records.specs(run.id)).get(row.node);
  if (started === undefined) throw new MlstackError("MLS4010", `the step "${row.node}" of the run ${run.id} was never started: it was ${row.status}`, { fix: row.status === "cached" ? `look at the run that made it: mlstack why ${run.id}/${row.node}` : `mlstack run show ${run.id}` });
  // a run that was resumed has had several plans, and a step belongs to the one that it was started with
  const plan = await records.plan(started.spec.plan);
  const node = [...everyPlanNode(plan.nodes)].find((n) => n.id === row.node.split("@", 1)[0]);
  const step = node?.kind === "step" ? plan.steps[node.step] : undefined;
  if (step === undefined || step.identity === null || plan.bundle === null) throw new MlstackError("MLS4011", `the step "${row.node}" can't be restored: its code is not an exported constant`, { fix: "export the step from its module, and run again" });
  const dir = join(project.stateDir, "debug", `${run.id}-${row.node}`);
  await rm(dir, { recursive: true, force: true });
  await mkdir(dir, { recursive: true });
  const content = contentSpace(await place.store(started.spec.ordinal));
  await layOut(plan.bundle, content, dir);
  if (started.spec.files !== null) await layOut(started.spec.files, content, dir);
  else for (const path of step.options.files) if (existsSync(join(project.dir, path))) await cp(join(project.dir, path), join(dir, path), { recursive: true });
  // packages are found upward from the folder; where the state folder is not in the project, they are not
  const packages = join(project.dir, "node_modules");
  if (relative(project.dir, dir).startsWith("..") && existsSync(packages)) await symlink(packages, join(dir, "node_modules"), "junction");
  const spec: StepSpec = {
    ...started.spec, stack: stackAt(run, started.spec.ordinal) as unknown as JsonObject, trackedRun: null, willRetry: false, cache: { ...started.spec.cache, store: false },
    // relative paths are meant from the project, and this is another folder
    data: Object.fromEntries(Object.entries(started.spec.data).map(([name, d]): [string, DataPointer] => [name, d.manifest !== undefined || /^[a-z][a-z0-9+.-]+:/i.test(d.uri) || isAbsolute(d.uri) ? d : { ...d, uri: resolve(project.dir, d.uri) }])),
  };
  await writeFile(join(dir, "spec.json"), `${JSON.stringify(spec, null, 2)}\n`, { mode: 0o600 });
  return {
    dir, spec, module: step.identity.module, env: processEnv(process.env, stepEnv(step.options.env, process.env, spec.zone ?? USUAL_ZONE)),
    effects: [...Object.keys(step.requires), ...Object.keys(step.uses)].filter((name) => name !== "experimentTracker"), differences: differences(plan, step, started.spec.files !== null, place),
  };
}

/** What of a step's surroundings has changed since its plan was made. */
function differences(plan: Plan, step: PlanStep, hasFiles: boolean, { project, identity, env }: RestorePlace): string[] {
  const { parts, options } = step;
  const found: string[] = [];
  const runtime = runtimeOf();
  if (runtime !== parts.runtime) found.push(`it runs on ${runtime}, and ran on ${parts.runtime}`);
  if (!hasFiles) for (const path of options.files) {
    const now = pathDigest(join(project.dir, path));
    if (now !== parts.files[path]) found.push(now === undefined ? `the declared file ${path} is not there any more` : `the declared file ${path} was changed since, and only today's is there`);
  }
  for (const name of options.env) if (envHash({ env, envSalt: identity.envSalt }, name) !== (parts.env[name] ?? null)) found.push(`the environment variable ${name} has another value today`);
  const packages = planEnvironment(plan, project.dir, project.stateDir).otherPackages(step);
  if (packages !== undefined) found.push(`the packages in reach are not those of then: ${packages.found} instead of ${packages.planned}`);
  return found;
}
