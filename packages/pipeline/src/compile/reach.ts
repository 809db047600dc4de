import type { Bindings } from "./bindings.ts";
import type { Retained } from "./retain.ts";

/** A file of own code, or one that own code imports, which running a step may load. */
export interface ReachedFile {
  /** Real path. */
  readonly file: string;
  /** It is loaded only when code that runs asks for it. */
  readonly isLazy: boolean;
}

/**
 * Every file that decides what an export is: those that something is kept of, those that are crossed on the way (a barrel has nothing that
 * is kept, and says where everything comes from), and those that merely run because they are imported.
 */
export function reachOf({ evaluations, units, data }: Retained, bindings: Bindings): ReachedFile[] {
  const found = new Map<string, boolean>();
  const add = (file: string, isLazy: boolean) => { if (found.get(file) !== false) found.set(file, isLazy); };
  for (const [n, { items }] of evaluations.entries()) {
    for (const item of items) {
      if (!("module" in item)) continue;
      add(item.module.file, n > 0);
      for (const { specifier, mode } of item.module.requests) {
        const r = bindings.resolution(item.module, specifier, mode);
        if (r.kind === "data") add(r.file, n > 0);
      }
    }
  }
  for (const unit of units) if (!found.has(unit.module.file)) add(unit.module.file, true);
  for (const file of data.keys()) if (!found.has(file)) add(file, true);
  return [...found].map(([file, isLazy]) => ({ file, isLazy }));
}
