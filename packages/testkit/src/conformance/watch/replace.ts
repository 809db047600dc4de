export type Call = readonly unknown[];
export type Undo = () => void;
type Plain = (...args: unknown[]) => unknown;

/** Puts a function in the place of one that is told of each call first, and is the same in everything else. */
export function replaced(of: object, name: string, before: (args: Call) => void): Undo {
  const found = Object.getOwnPropertyDescriptor(of, name);
  const original: unknown = Reflect.get(of, name);
  if (typeof original !== "function") return () => undefined;
  // a proxy has the name, the length and the properties of what it stands for, such as realpath.native or exec's promise
  const proxy: unknown = new Proxy(original as Plain, {
    apply(target, self, args: unknown[]) { before(args); return Reflect.apply(target, self, args); },
    construct(target, args: unknown[], made) { before(args); return Reflect.construct(target, args, made) as object; },
  });
  const enumerable = found?.enumerable ?? true;
  Object.defineProperty(of, name, { value: proxy, writable: true, configurable: true, enumerable });
  return () => { if (found === undefined) Reflect.deleteProperty(of, name); else Object.defineProperty(of, name, found); };
}
