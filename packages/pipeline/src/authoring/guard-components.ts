import { componentNameOf, CONTEXT_NAMES, MlstackError } from "@mlstack/core";

const KNOWN = ["modelDeployer", "modelRegistry", "featureStore", "dataValidator", "alerter", "secretStore", "containerRegistry", "imageBuilder", "artifactStore", "orchestrator"];
const BY_CONTEXT_NAME = new Map([...KNOWN.map((n) => [(CONTEXT_NAMES as Record<string, string>)[n] ?? n, n] as const), ...KNOWN.map((n) => [n, n] as const)]);

/**
 * In TypeScript a component that the step did not name is a type error. From plain JavaScript it would be an `undefined` that fails
 * somewhere below; here it fails with what to write.
 */
export function guardComponents(context: Record<string, unknown>, step: string): unknown {
  return new Proxy(context, {
    get(target, key) {
      if (typeof key === "string" && !(key in target)) {
        const name = BY_CONTEXT_NAME.get(key) ?? BY_CONTEXT_NAME.get(componentNameOf(key)) ?? (isNamespaced(key) ? key : undefined);
        if (name !== undefined) {
          throw new MlstackError("MLS1010", `the step "${step}" used ${key}, which it did not ask for`, {
            why: "a component is handed out only to steps that name it, so that the plan knows their effects",
            fix: `add requires: { ${shown(name)}: true }, or uses: { ${shown(name)}: "optional" }`, details: { step, component: name },
          });
        }
      }
      return Reflect.get(target, key) as unknown;
    },
  });
}

/** A type that a plugin brings, by its id. */
const isNamespaced = (key: string): boolean => /^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$/.test(key);
const shown = (name: string): string => (isNamespaced(name) ? JSON.stringify(name) : name);
