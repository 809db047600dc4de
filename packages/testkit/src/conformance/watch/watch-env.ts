import { getCallSites } from "node:util";
import type { Undo } from "./replace.ts";
import type { Hear } from "./seen.ts";

/**
 * Hears of environment variables: read, asked for (`in`), set, removed. To list them (`Object.keys`, `{ ...process.env }`) asks for all of them at once, and what
 * is read of them in the same breath is not told one by one. What Node itself asks for, such as for a child's environment, is nobody's.
 *
 * @param isHeard whether anything that is asked for now would be heard: it costs something to find out who asks
 */
export function watchEnv(hear: Hear, isHeard: () => boolean): Undo[] {
  const original = process.env;
  let listed = false;
  const one = (name: string | symbol) => { if (typeof name === "string" && !listed && isHeard() && !byNode()) hear({ kind: "env", name }); };
  const all = () => {
    if (!isHeard() || byNode()) return;
    hear({ kind: "env", name: "*" });
    listed = true;
    queueMicrotask(() => { listed = false; });
  };
  process.env = new Proxy(original, {
    get(of, name) { one(name); return Reflect.get(of, name); },
    has(of, name) { one(name); return Reflect.has(of, name); },
    set(of, name, value) { one(name); return Reflect.set(of, name, value); },
    deleteProperty(of, name) { one(name); return Reflect.deleteProperty(of, name); },
    defineProperty(of, name, descriptor) { one(name); return Reflect.defineProperty(of, name, descriptor); },
    getOwnPropertyDescriptor(of, name) { one(name); return Reflect.getOwnPropertyDescriptor(of, name); },
    ownKeys(of) { all(); return Reflect.ownKeys(of); },
  });
  return [() => { process.env = original; }];
}

/** Whether it is Node's own code that asks: the frames here are this function, the one above it, and the trap. */
function byNode(): boolean {
  return getCallSites(4, { sourceMap: false })[3]?.scriptName.startsWith("node:") === true;
}
