import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { componentNameOf, MlstackError, nameList, type Component, type Deployer, type ModelDeployer, type StepDefinition } from "@mlstack/core";
import type { ComponentSource } from "./memory/memory-stack.ts";

/** A stack as data: what `memoryStack().spec` is, or what a stack's file says. */
export interface TestStackSpec {
  readonly name: string;
  readonly components: Readonly<Record<string, { readonly name: string; readonly flavor: string; readonly config?: Readonly<Record<string, unknown>> | undefined }>>;
}

/** The components that a step gets, and what is to be done afterwards. */
export interface TestComponents { readonly components: Readonly<Record<string, Component | undefined>>; dispose(): Promise<void> }

/**
 * What a step requires or uses: stand-ins of the test's own first, then what the stack has.
 *
 * @throws MLS1010 for a stand-in that the step does not name; MLS4004 where nobody gives what it requires; what opening the stack throws
 */
export async function testComponents(step: StepDefinition, given: Readonly<Record<string, object | undefined>>, stack: string | TestStackSpec | ComponentSource | undefined): Promise<TestComponents> {
  const named = [...Object.keys(step.requires), ...Object.keys(step.uses)].filter((name) => name !== "experimentTracker");
  for (const name of Object.keys(given)) if (!named.includes(name)) throw new MlstackError("MLS1010", `the step "${step.name}" does not name the component ${name}`, { why: `it names ${nameList(named)}`, fix: `add uses: { ${shown(name)}: "optional" } to the step, or leave it out` });
  const wanted = named.filter((name) => given[name] === undefined);
  const opened = wanted.length === 0 || stack === undefined ? undefined : await openSource(stack);
  try {
    const components: Record<string, object | undefined> = { ...given };
    for (const name of wanted) components[name] = asHandle(name, await opened?.source.component(name));
    const missing = Object.keys(step.requires).find((name) => name !== "experimentTracker" && components[name] === undefined);
    if (missing !== undefined) {
      throw new MlstackError("MLS4004", `the step "${step.name}" requires ${missing}${stack === undefined ? "" : `, and the stack${typeof stack === "object" && !("name" in stack) ? "" : ` "${typeof stack === "string" ? stack : stack.name}"`} has none`}`, { fix: `give a stand-in: components: { ${shown(missing)}: … }${stack === undefined ? ", or a stack" : ""}` });
    }
    // a stand-in has what the step calls of it
    return { components: components as Readonly<Record<string, Component | undefined>>, dispose: async () => { await opened?.dispose(); } };
  } catch (e) {
    await opened?.dispose();
    throw e;
  }
}

const shown = (name: string): string => (name.includes(".") ? JSON.stringify(name) : name);

interface Opened { readonly source: ComponentSource; dispose(): Promise<void> }

async function openSource(stack: string | TestStackSpec | ComponentSource): Promise<Opened> {
  if (typeof stack === "object" && "component" in stack) return { source: stack, dispose: async () => undefined };
  const opened = await (await projectMlstack()).openStack(stack);
  return { source: opened, dispose: () => opened.dispose() };
}

interface Mlstack { openStack(stack: string | TestStackSpec): Promise<ComponentSource & { dispose(): Promise<void> }> }

/** The mlstack of the project that the test runs in: it knows the project's stacks and plugins. */
async function projectMlstack(): Promise<Mlstack> {
  const from = join(process.cwd(), "package.json");
  let path: string;
  try { path = createRequire(from).resolve("mlstack"); } catch (cause) {
    throw new MlstackError("MLS4004", "a stack is opened by the project's own mlstack, and there is none", { why: `looked from ${process.cwd()}`, fix: "run the tests in the project's folder, or give memoryStack()", cause });
  }
  return (await import(pathToFileURL(path).href)) as Mlstack;
}

/** What a step is handed of a component: of a deployer the part that steps have. A predictor's code comes from a plan, and here there is none. */
function asHandle(name: string, component: object | undefined): object | undefined {
  if (component === undefined || name !== componentNameOf("model_deployer") || !("contract" in component)) return component;
  const deployer = component as ModelDeployer;
  return {
    accepts: deployer.accepts, infer: (called, request, options) => deployer.infer(called, request, options),
    deploy: async (request, options) => {
      const { servable } = request;
      if (!("kind" in servable) || servable.kind === "predictor") throw new MlstackError("MLS4011", "a predictor is deployed by a run: its code is taken from the plan", { fix: "test the step with memoryStack(), whose deployer calls the predictor itself" });
      return deployer.deploy({ ...request, servable }, options);
    },
  } satisfies Deployer;
}
