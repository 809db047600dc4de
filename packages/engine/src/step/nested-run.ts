const SCOPE = Symbol.for("mlstack.step-process");
interface StepProcess { onNestedRun(): void }
const place = globalThis as { [SCOPE]?: StepProcess };

/**
 * Says that this process exists to run a step. A step's module may be the script that also starts the run at its top level; importing it
 * here must define the steps and not run the pipeline again.
 *
 * @param onNestedRun called when the module asks for a run
 */
export function enterStepProcess(onNestedRun: () => void): void {
  place[SCOPE] = { onNestedRun };
}

/** In a step process: waits for ever, so that what follows in the script is not done twice. Elsewhere: undefined. */
export function neverInStepProcess(): Promise<never> | undefined {
  if (place[SCOPE] === undefined) return undefined;
  place[SCOPE].onNestedRun();
  return new Promise<never>(() => undefined);
}
