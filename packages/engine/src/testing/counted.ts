/** How often something was asked for. */
export interface Counter { count: number }

/** A list that counts how often its elements are read: an algorithm that searches it again and again shows, however fast the machine is. */
export function counted<T extends object>(list: T, counter: Counter): T {
  return new Proxy(list, {
    get(target, key, receiver) {
      if (typeof key === "string" && /^\d+$/.test(key)) counter.count++;
      return Reflect.get(target, key, receiver) as unknown;
    },
  });
}
