import type { Trust } from "./resolve.ts";

/** Whose calls describe; `node` for a few makers of Node: see PURE_MAKERS. */
export type Maker = Trust | "node";

/**
 * What calls of trusted packages do. "describe": they build a description (a schema, a format, a step) from their arguments, call none
 * of the functions among them, and read nothing from outside; the same text means the same thing. "act": they may read the outside
 * world or start work, but change nothing of the project's modules. "unknown": they may call the functions that they are given.
 *
 * A callee is recognised by what it is bound to. Names only take trust away.
 */
export type TrustedCall = "describe" | "act" | "unknown";

/** zod's methods and functions that run a schema, and with it the transforms, refinements and defaults in it, or that change what others see. */
const ZOD_RUNS = /^((safe)?(parse|decode|encode)(Async)?|spa|isOptional|isNullable|apply|implement(Async)?|toJSONSchema|validate|config|locales|setErrorMap|register)$/i;

/** Functions of mlstack that look at stacks, runs and stores. By the names' form, so that a new one is not trusted by accident. */
const MLSTACK_ACTS = /^([A-Z]|(activate|active|await|client|connect|current|fetch|find|get|last|load|now|open|query|random|read|resolve|run|start|stack|watch)([A-Z]|$))/;

/** Methods by which a pipeline is refined. Any other may run it. */
const PIPELINE_REFINES = /^(default|describe|optional|nullable|meta|with[A-Z]\w*)$/;

/** Methods of formats, parameters and steps that do more than refine them. */
const OTHERS_ACT = /^(call|compile|fetch|get|graph|invoke|latest|load|open|path|read|resolve|resume|run|schedule|start|stream|submit)([A-Z]|$)/;

/** A call of something imported: `step(…)`, `z.object(…)`, `ml.json(…)`. */
export function importedCall(trust: Trust, path: readonly string[]): TrustedCall {
  const name = path.at(-1) ?? "";
  switch (trust) {
    case "zod": return ZOD_RUNS.test(name) || path.includes("globalRegistry") ? "unknown" : "describe";
    case "mlstack": return MLSTACK_ACTS.test(name) ? "act" : "describe";
    default: return path.length === 1 ? "describe" : "unknown";
  }
}

/**
 * A call of a method of a description: `schema.optional()`, `pipeline.run()`.
 *
 * @param maker the name of what made the description: `object`, `pipeline`
 */
export function describedCall(trust: Maker, maker: string, method: string): TrustedCall {
  switch (trust) {
    case "zod": return ZOD_RUNS.test(method) ? "unknown" : "describe";
    case "mlstack": return (isPipelineMaker(maker) ? PIPELINE_REFINES.test(method) : !OTHERS_ACT.test(method)) ? "describe" : "act";
    case "node": return /^create(Hash|Hmac)$/.test(maker) && /^(update|digest|copy)$/.test(method) ? "describe" : "unknown";
    default: return OTHERS_ACT.test(method) ? "unknown" : "describe";
  }
}

export const isPipelineMaker = (name: string): boolean => /pipeline/i.test(name);
