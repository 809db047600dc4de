import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { MlstackError, stepDefinitionOf, type StepDefinition } from "@mlstack/core";
import { onStepDefined, type PlanStep } from "@mlstack/pipeline";
import { enterStepProcess } from "./nested-run.ts";

/** Finds steps by their identity in a process that was started for them. */
export interface DefinitionSource {
  /** @throws MLS4011 when the module has no such step */
  get(step: PlanStep): Promise<StepDefinition>;
}

/**
 * @param dir the project's root, or the folder of a bundle
 * @param pathOf where a module of the project lies in it
 */
export function definitionSource(dir: string, pathOf: (module: string) => string): DefinitionSource {
  const defined: StepDefinition[] = [];
  onStepDefined((definition) => defined.push(definition));
  let nested: () => void = () => undefined;
  const asked = new Promise<void>((done) => { nested = done; });
  enterStepProcess(() => nested());

  return {
    async get(step) {
      const { identity } = step;
      if (identity === null) throw new MlstackError("MLS4011", `the step "${step.name}" is not an exported constant, so no other process can find it`, { fix: `export const ${step.name} = step({ … }) at the top of a module` });
      const path = join(dir, pathOf(identity.module));
      if (!existsSync(path)) throw new MlstackError("MLS4011", `the module ${identity.module} of the step "${step.name}" is not here`, { why: `looked at ${path}` });
      const loading = import(pathToFileURL(path).href) as Promise<Record<string, unknown>>;
      // a module that starts the run at its top level never ends here; what it has defined by then is what the run has, too
      // one that is loaded already must win, though another one has asked for a run before
      const module = await Promise.race([loading, asked.then(() => setImmediate()).then(() => undefined)]);
      const found = module === undefined ? undefined : stepDefinitionOf(module[identity.export]);
      if (found !== undefined) return found;
      const candidates = defined.filter((d) => d.name === step.name && d.site?.file === path);
      if (candidates.length === 1) return candidates[0]!;
      throw new MlstackError("MLS4011", `the step "${step.name}" can't be found as the export ${identity.export} of ${identity.module}`, {
        why: module === undefined ? "the module runs the pipeline before the step is defined, or has several steps of that name" : "the export is not a step", fix: "define steps in a module of their own",
      });
    },
  };
}

/** Where modules lie in a bundle that was laid out in a folder. */
export function bundlePaths(dir: string): (module: string) => string {
  const paths = JSON.parse(readFileSync(join(dir, BUNDLE_INDEX), "utf8")) as Record<string, string>;
  return (module) => paths[module] ?? module;
}

/** The file of a bundle that says where each module of the project lies in it. */
export const BUNDLE_INDEX = "_mlstack/modules.json";
