import { componentNameOf, componentTypeOf, MlstackError, nameList, type JsonObject, type ModelDeployer } from "@mlstack/core";
import { everyPlanNode, isStepNode, type CompiledPlan, type Plan } from "@mlstack/pipeline";
import { noReader } from "../data/external-data.ts";
import { refuseLocal } from "../stack/local-components.ts";
import type { Stack, StackFinding, StackSpec } from "../stack/stack.ts";
import { refuseHereOnly } from "./execute-run.ts";
import { unservable } from "./unservable.ts";

/**
 * Compares a plan with the stack that it is to run on, before anything runs or is recorded: components that steps require, by type and name;
 * whether steps can leave this process where they must; external data that the store reads; models that the deployer serves.
 *
 * @param found what is wrong with the stack itself; parts that are broken are not created to be asked
 * @returns what does not fit: MLS4004, MLS4011, MLS3010, and what creating a component threw
 */
export async function planFindings(compiled: CompiledPlan, stack: Stack, found: readonly StackFinding[]): Promise<readonly MlstackError[]> {
  const { plan } = compiled;
  const findings = missingComponents(stack.spec, plan);
  const collect = async (work: () => void | Promise<void>) => {
    try { await work(); } catch (e) {
      if (!MlstackError.is(e)) throw e;
      findings.push(e);
    }
  };
  const works = (type: string) => !found.some((f) => f.type === type);
  if (works("orchestrator")) {
    await collect(async () => {
      const { sees } = await stack.launcher();
      if (sees !== "bundle") return;
      await collect(() => refuseHereOnly(compiled));
      await collect(() => refuseLocal(stack));
    });
  }
  const schemes = remoteData(plan);
  if (schemes.size > 0 && works("artifact_store")) {
    await collect(async () => {
      const { external } = await stack.artifactStore();
      for (const [scheme, uri] of schemes) if (external?.schemes.includes(scheme) !== true) findings.push(noReader(uri, scheme, external));
    });
  }
  const deploying = [...everyPlanNode(plan.nodes)].filter(isStepNode).filter(({ step }) => { const s = plan.steps[step]!; return s.requires["modelDeployer"] !== undefined || s.uses["modelDeployer"] !== undefined; });
  if (deploying.length > 0 && stack.spec.components["model_deployer"] !== undefined && works("model_deployer")) {
    await collect(async () => { findings.push(...unservable((await stack.component("modelDeployer")) as ModelDeployer, deploying, plan, stack.spec)); });
  }
  return findings;
}

/** One error for all that was found, so that it is mended at once; a single finding is its own error. Throws MLS4020. */
export function refuseFindings(findings: readonly MlstackError[], stack: string, pipeline: string): void {
  const [first] = findings;
  if (first === undefined) return;
  if (findings.length === 1) throw first;
  throw new MlstackError("MLS4020", `the stack "${stack}" does not fit the pipeline "${pipeline}" in ${findings.length} ways`, {
    why: findings.map((f) => `${f.code} ${f.message}${f.fix === undefined ? "" : `: ${f.fix}`}`).join("\n"), fix: "mend these and run again: nothing has run",
    details: { stack, pipeline, findings: findings.map(({ code, message, why, fix, details }): JsonObject => ({ code, message, ...(why !== undefined && { why }), ...(fix !== undefined && { fix }), ...(details !== undefined && { details }) })) },
  });
}

function missingComponents(spec: StackSpec, plan: Plan): MlstackError[] {
  const findings: MlstackError[] = [];
  const has = Object.entries(spec.components).map(([t, c]) => `${componentNameOf(t)} "${c.name}"`).join(", ");
  for (const step of Object.values(plan.steps)) {
    for (const [name, wanted] of Object.entries(step.requires)) {
      const type = componentTypeOf(name);
      const found = spec.components[type];
      if (found !== undefined && (wanted === true || found.name === wanted || found.aliases?.includes(wanted) === true)) continue;
      const details = { step: step.name, component: type, wanted, stack: spec.name };
      findings.push(found === undefined
        ? new MlstackError("MLS4004", `the step "${step.name}" requires ${name}, the stack "${spec.name}" has none`, { why: `it has ${has}`, fix: "switch to a stack that has one, or add one to this stack", details })
        : new MlstackError("MLS4004", `the step "${step.name}" requires the ${name} "${String(wanted)}", the stack "${spec.name}" has "${found.name}"`, { why: found.aliases === undefined ? undefined : `its further names are ${nameList(found.aliases)}`, fix: `add aliases: [${String(wanted)}] to ${found.name}, or require it by true`, details }));
    }
  }
  return findings;
}

/** One URI for each scheme of external data that does not lie on this machine. */
function remoteData(plan: Plan): Map<string, string> {
  const schemes = new Map<string, string>();
  for (const node of everyPlanNode(plan.nodes)) {
    if (!isStepNode(node)) continue;
    for (const param of Object.values(node.params)) {
      const scheme = "data" in param ? /^([a-z][a-z0-9+.-]+):\/\//i.exec(param.uri)?.[1]?.toLowerCase() : undefined;
      if (scheme !== undefined && scheme !== "file" && "data" in param) schemes.set(scheme, param.uri);
    }
  }
  return schemes;
}
