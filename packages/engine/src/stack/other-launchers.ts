import type { Launcher, Orchestrator } from "@mlstack/core";
import type { Place, Stack, StackSpec } from "./stack.ts";

/** What starts steps on the stacks that runs were on, which may be others than the active one. */
export interface OtherLaunchers {
  /** Undefined for an orchestrator that only compiles. Throws as components do that can't be created. */
  of(stack: StackSpec): Promise<Launcher | undefined>;
  dispose(): Promise<void>;
}

export function otherLaunchers(stack: Stack, place: Place): OtherLaunchers {
  const opened = new Map<string, Promise<Orchestrator>>();
  const idOf = ({ components: { orchestrator: o } }: StackSpec) => JSON.stringify([o?.flavor, o?.config ?? {}]);
  return {
    async of(spec) {
      const found = spec.components["orchestrator"];
      if (found === undefined || idOf(spec) === idOf(stack.spec)) return (await stack.orchestrator()).launch;
      let orchestrator = opened.get(idOf(spec));
      if (orchestrator === undefined) opened.set(idOf(spec), (orchestrator = stack.loader.create("orchestrator", found.flavor, found.config, { name: found.name, ...place }, stack.secrets) as Promise<Orchestrator>));
      return (await orchestrator).launch;
    },
    async dispose() {
      for (const orchestrator of opened.values()) await orchestrator.then((o) => o.dispose?.(), () => undefined);
      opened.clear();
    },
  };
}
