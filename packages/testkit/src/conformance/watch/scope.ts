import { AsyncLocalStorage } from "node:async_hooks";

/**
 * Knows whether it is the plugin's code that runs, and whose: all that begins within a call of the plugin belongs to it, however late it happens. What the kit hands
 * in (functions, iterables) is the kit's when the plugin calls it.
 */
export class Scope<T extends object> {
  readonly #storage = new AsyncLocalStorage<T | undefined>();
  readonly #inside = new WeakMap<object, object>();
  readonly #outside = new WeakMap<object, object>();
  readonly #originals = new WeakMap<object, object>();

  get current(): T | undefined { return this.#storage.getStore(); }

  /** Runs a piece of the plugin's code. */
  run<R>(of: T, work: () => R): R { return this.#storage.run(of, work); }

  /**
   * A component, or an object that it has given, whose methods run as the plugin's. The same object each time for the same one.
   *
   * @param of what a method of this name belongs to
   */
  wrap<V>(value: V, of: (method: string) => T, name = ""): V {
    if (typeof value === "function") return this.#method(value as unknown as Plain, undefined, name, of) as V;
    if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
    if (value instanceof Promise) return value.then((found: unknown) => this.wrap(found, of, name)) as V;
    if (Array.isArray(value)) return value.map((one: unknown) => this.wrap(one, of, name)) as V;
    if (!hasMethods(value)) return value;
    const known = this.#inside.get(value) ?? this.#remember(this.#inside, value, this.#proxy(value, (owner, method, key) => this.#method(method, owner, key, of), (part, key) => this.wrap(part, of, key)));
    return known as V;
  }

  #method(method: Plain, owner: object | undefined, name: string, of: (method: string) => T): Plain {
    return (...args) => this.wrap(this.run(of(name), () => method.apply(owner, args.map((one) => this.#given(one)))), of, name);
  }

  /** What the kit hands in: an object of the plugin's own is given back as it is, a function of the kit's runs as the kit's. */
  #given(value: unknown, depth = 4): unknown {
    if (typeof value === "function") {
      const run = value as Plain;
      return this.#outside.get(run) ?? this.#remember(this.#outside, run, (...args: unknown[]) => this.#iterated(this.#storage.run(undefined, () => run(...args))));
    }
    if (typeof value !== "object" || value === null || ArrayBuffer.isView(value) || depth === 0) return value;
    const own = this.#originals.get(value);
    if (own !== undefined && this.#inside.has(own)) return own;
    if (Array.isArray(value)) return value.map((one) => this.#given(one, depth - 1));
    const proto: unknown = Object.getPrototypeOf(value);
    if (proto !== Object.prototype && proto !== null) return this.#iterated(value);
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, this.#given(one, depth - 1)]));
  }

  /** A generator of the kit's goes on as the kit's, whoever asks for what comes next. */
  #iterated(value: unknown): unknown {
    if (typeof value !== "object" || value === null || !(Symbol.asyncIterator in value) || !("next" in value)) return value;
    const method = (owner: object, run: Plain): Plain => (...args) => {
      const found = this.#storage.run(undefined, () => run.apply(owner, args));
      // a generator is its own iterator
      return found === owner ? this.#outside.get(owner) : found;
    };
    return this.#outside.get(value) ?? this.#remember(this.#outside, value, this.#proxy(value, method, (part) => part));
  }

  #remember<P extends object>(kept: WeakMap<object, object>, from: object, to: P): P {
    kept.set(from, to);
    this.#originals.set(to, from);
    return to;
  }

  #proxy(of: object, method: (owner: object, run: Plain, key: string) => Plain, part: (value: unknown, key: string) => unknown): object {
    const made = new Map<PropertyKey, { readonly from: unknown; readonly to: unknown }>();
    const read = (key: PropertyKey): unknown => {
      const value: unknown = Reflect.get(of, key, of);
      const before = made.get(key);
      if (before !== undefined && before.from === value) return before.to;
      const to = typeof value === "function" && key !== "constructor" ? method(of, value as Plain, String(key)) : part(value, String(key));
      made.set(key, { from: value, to });
      return to;
    };
    // in front of an empty object, for a proxy has to give what is frozen as it is
    return new Proxy(Object.create(Object.getPrototypeOf(of) as object | null) as object, {
      get: (_, key) => read(key),
      has: (_, key) => Reflect.has(of, key),
      set: (_, key, value) => Reflect.set(of, key, value, of),
      deleteProperty: (_, key) => Reflect.deleteProperty(of, key),
      ownKeys: () => Reflect.ownKeys(of),
      getOwnPropertyDescriptor(_, key) {
        const found = Reflect.getOwnPropertyDescriptor(of, key);
        return found === undefined ? undefined : { value: read(key), writable: true, enumerable: found.enumerable === true, configurable: true };
      },
    });
  }
}

type Plain = (...args: unknown[]) => unknown;

/** Whether there is anything in an object that could run. Plain data, dates and the like are what they are. */
function hasMethods(value: object): boolean {
  if (value instanceof Date || value instanceof Error || value instanceof Map || value instanceof Set || value instanceof URL || value instanceof AbortSignal) return false;
  const proto: unknown = Object.getPrototypeOf(value);
  if (proto !== Object.prototype && proto !== null) return true;
  return Reflect.ownKeys(value).some((key) => { const one: unknown = Reflect.get(value, key); return typeof one === "function" || (typeof one === "object" && one !== null && !Array.isArray(one) && hasMethods(one)); });
}
