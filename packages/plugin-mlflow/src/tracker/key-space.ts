import { flatKey } from "./names.ts";

/** Keys of one kind in a store that keeps each as a file of that path. */
export interface KeySpace {
  /** Where a key is, or would be: under itself, or where another one is in its way, under a name without folders. */
  look(key: string): string;
  /** The same, and it is there from now on. */
  place(key: string): string;
}

/** @param flat a name without folders for a key, that no other key has */
export function keySpace(keys: Iterable<string>, flat: (key: string) => string = flatKey): KeySpace {
  const files = new Set<string>();
  const folders = new Set<string>();
  const above = (key: string): string[] => key.split("/").slice(0, -1).map((_, i, parts) => parts.slice(0, i + 1).join("/"));
  const add = (key: string): void => { files.add(key); for (const folder of above(key)) folders.add(folder); };
  for (const key of keys) add(key);
  const look = (key: string): string => (files.has(key) || (!folders.has(key) && !above(key).some((folder) => files.has(folder))) ? key : flat(key));
  return { look, place(key) { const placed = look(key); add(placed); return placed; } };
}
