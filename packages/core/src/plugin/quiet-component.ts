import type { Component } from "../contracts/component.ts";
import type { Redactor } from "../values/redactor.ts";

/**
 * A component that knows secrets, and tells none: what its methods throw, and what is thrown while an object that they give is used or read, is
 * told without them, and so is what it finds when it looks at itself. Vendors' clients put whole requests into their errors.
 */
export function quietComponent<C extends Component>(component: C, redactor: Redactor): C {
  return quiet(component, redactor);
}

function quiet<T extends object>(of: T, redactor: Redactor): T {
  const made = new Map<PropertyKey, { readonly from: unknown; readonly to: unknown }>();
  return new Proxy(of, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (isFixed(target, key)) return value;
      const before = made.get(key);
      if (before !== undefined && before.from === value) return before.to;
      const to = typeof value === "function" ? method(target, value as Method, key === "check", redactor) : part(value, redactor);
      made.set(key, { from: value, to });
      return to;
    },
  });
}

type Method = (...args: unknown[]) => unknown;

function method(target: object, run: Method, isShown: boolean, redactor: Redactor): Method {
  const rethrow = (e: unknown): never => { throw redactor.error(e); };
  const given = (found: unknown) => (isShown ? redactor.data(found) : part(found, redactor));
  return (...args) => {
    let found: unknown;
    // by its own `this`: it may have private fields
    try { found = run.apply(target, args); } catch (e) { return rethrow(e); }
    return found instanceof Promise ? found.then(given, rethrow) : given(found);
  };
}

/** What has methods of its own, such as an orchestrator's `launch`, or the body of an object that is read. */
function part(value: unknown, redactor: Redactor): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Symbol.asyncIterator in value || Object.values(value).some((of) => typeof of === "function") ? quiet(value, redactor) : value;
}

/** A proxy has to give what can't be changed as it is. */
function isFixed(target: object, key: PropertyKey): boolean {
  const own = Reflect.getOwnPropertyDescriptor(target, key);
  return own?.configurable === false && own.writable !== true;
}
