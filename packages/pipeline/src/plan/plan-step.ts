import { createHmac } from "node:crypto";
import { join } from "node:path";
import type { ArtifactType, ResourceRequest, RetryPolicy, StepCallOptions, StepDefinition, StepOptions, StepServes } from "@mlstack/core";
import type { UncachedReason } from "../compile/types.ts";
import type { CompileContext, StepFingerprint } from "./compile-context.ts";
import type { PlanStep } from "./plan.ts";
import type { PlanStepNode } from "./plan-node.ts";
import { pathDigest } from "./project-files.ts";

/** The plan's entry for a step. A part of its key that can't be known becomes a reason not to cache; no part is ever left out. */
export async function planStepOf(step: StepDefinition, options: StepOptions, context: CompileContext, loaded: readonly string[]): Promise<PlanStep> {
  const files = options.files ?? [];
  const fingerprinter = context.fingerprinters[step.language];
  const print: StepFingerprint = fingerprinter === undefined
    ? { identity: null, code: null, packages: null, runtime: context.runtime, native: true, readsZone: true, env: [], uncached: [{ rule: "run-time-step", message: `nothing here computes the key of a step in ${step.language}`, fix: `install the plugin that runs ${step.language} steps` }] }
    : await fingerprinter.fingerprint(step, { env: options.env ?? [], files }, loaded);
  const env = [...new Set([...(options.env ?? []), ...print.env])];
  const uncached: UncachedReason[] = [...print.uncached];
  const fileDigests: Record<string, string> = {};
  for (const path of files) {
    const digest = pathDigest(join(context.projectDir, path), path);
    if (digest === undefined) uncached.push({ rule: "missing-file", message: `the declared file ${JSON.stringify(path)} does not exist`, fix: /[*?{[]/.test(path) ? "name a file or a folder: patterns are not known here" : "correct files: [...], or create it" });
    else fileDigests[path] = digest;
  }
  const effects = [...Object.keys(step.requires), ...Object.entries(step.uses).flatMap(([name, use]) => (use === "optional" ? [name] : []))].filter((name) => name !== "experimentTracker" && typeof step.uses[name] !== "object");
  if (effects.length > 0) uncached.push({ rule: "effects", message: `it is handed ${effects.join(", ")}, so it does more than its outputs show`, fix: `always run it, or allow hits per component: uses: { ${effects[0]!.includes(".") ? JSON.stringify(effects[0]) : effects[0]!}: { cache: "by-component" } }` });
  return {
    name: step.name, language: step.language, identity: print.identity,
    inputs: Object.fromEntries(Object.entries(step.inputs).map(([port, t]) => [port, inputType(t)])),
    outputs: Object.fromEntries(Object.entries(step.outputs).map(([name, t]) => [name, outputType(t)])),
    requires: { ...step.requires }, uses: { ...step.uses }, ...(step.serves !== undefined && { serves: Object.fromEntries(Object.entries(step.serves).map(([port, served]) => [port, servedAs(served)])) }),
    parts: {
      code: print.code === null ? null : { digest: print.code.digest, modules: { ...print.code.modules } },
      packages: print.packages === null ? null : { digest: print.packages.digest, entries: { ...print.packages.entries }, roots: print.packages.roots.map((r) => ({ ...r })) },
      runtime: print.runtime,
      platform: print.native ? platformName(context.platform) : "any",
      zone: print.readsZone,
      env: Object.fromEntries(env.map((name) => [name, envHash(context, name)])),
      files: fileDigests,
      cacheVersion: options.cacheVersion ?? "",
    },
    uncached,
    options: {
      retry: retryOf(options.retry),
      timeoutMs: options.timeoutMs ?? null,
      resources: options.resources === undefined ? null : resourcesOf(options.resources),
      env: [...env], files: [...files], settings: settingsOf(options.settings), tags: [...(options.tags ?? [])],
    },
  };
}

const servedAs = (served: StepServes) => (typeof served === "string" ? { kind: served } : { kind: "predictor" as const, reads: [...served.model.codec.reads] });
const retryOf = ({ attempts = 1, delayMs = 1000, backoff = 2 }: Partial<RetryPolicy> = {}): PlanStep["options"]["retry"] => ({ attempts, delayMs, backoff });
const resourcesOf = (resources: ResourceRequest) => ({ ...resources });
const settingsOf = (settings: StepOptions["settings"]) => ({ ...settings }) as PlanStep["options"]["settings"];

/** What of a call's options goes into its node: whole values, that of the step already in them where they add to it. */
export function nodeOptions(own: StepCallOptions, step: StepOptions): PlanStepNode["options"] {
  const options = {
    ...(own.retry !== undefined && { retry: retryOf(own.retry) }), ...(own.timeoutMs !== undefined && { timeoutMs: own.timeoutMs }),
    ...(own.resources !== undefined && { resources: resourcesOf(own.resources) }), ...(own.settings !== undefined && { settings: settingsOf({ ...step.settings, ...own.settings }) }),
    ...(own.tags !== undefined && { tags: [...new Set([...(step.tags ?? []), ...own.tags])] }),
  };
  return Object.keys(options).length === 0 ? undefined : options;
}

/** A plain hash of a value with few possibilities could be guessed from a shared store; a keyed one cannot. */
export function envHash({ env, envSalt }: Pick<CompileContext, "env" | "envSalt">, name: string): string | null {
  const value = env[name];
  return value === undefined ? null : createHmac("sha256", envSalt).update(`${name}\0${value}`).digest("hex");
}

function platformName({ os, arch, libc }: CompileContext["platform"]): string {
  return [os, arch, ...(libc === null ? [] : [libc])].join("-");
}

function outputType(type: ArtifactType<unknown>): PlanStep["outputs"][string] {
  return { format: type.format, kind: type.kind, ...(type.items !== undefined && { items: type.items.format }) };
}

function inputType(type: ArtifactType<unknown>): PlanStep["inputs"][string] {
  return {
    reads: [...type.codec.reads], ...(type.items !== undefined && { items: [...type.items.codec.reads] }),
    ...(type.optional && { optional: true }), ...(type.settled !== undefined && { settled: true }),
  };
}
