import { MlstackError } from "@mlstack/core";
import type { ContentSpace } from "../store/content-space.ts";
import type { RootPart } from "../store/roots.ts";
import { sideBySide } from "../store/side-by-side.ts";

/** Follows names to blobs. Each manifest is read once, however many roots name it. */
export interface Reach {
  /** Adds the digests of all that some names lead to. A manifest that is not there, or is none, leads nowhere. */
  from(parts: readonly RootPart[], into: Set<string>): Promise<void>;
  /** Manifests that are there and can't be read. */
  readonly damaged: readonly string[];
}

export function reach(content: ContentSpace): Reach {
  const files = new Map<string, readonly string[]>();
  const damaged: string[] = [];

  async function filesOf(manifest: string): Promise<readonly string[]> {
    const known = files.get(manifest);
    if (known !== undefined) return known;
    const found = await lenient(manifest, async () => (await content.readManifest(manifest)).files.map((f) => f.sha256));
    files.set(manifest, found ?? []);
    return found ?? [];
  }

  async function lenient<T>(blob: string, read: () => Promise<T>): Promise<T | undefined> {
    try { return await read(); } catch (e) {
      if (MlstackError.is(e, "MLS3001")) return undefined;
      if (!MlstackError.is(e, "MLS3002") && !(e instanceof SyntaxError)) throw e;
      damaged.push(blob);
      return undefined;
    }
  }

  async function addManifests(manifests: readonly string[], into: Set<string>): Promise<void> {
    await sideBySide(new Set(manifests), async (manifest) => {
      into.add(manifest);
      for (const file of await filesOf(manifest)) into.add(file);
    });
  }

  /** Lists, and lists in lists, level by level. */
  async function addLists(lists: readonly string[], into: Set<string>): Promise<void> {
    for (let level = [...new Set(lists)]; level.length > 0;) {
      await addManifests(level, into);
      const items = (await sideBySide(level, async (list) => {
        const [file] = await filesOf(list);
        const read = file === undefined ? undefined : await lenient(file, async () => JSON.parse(Buffer.from(await content.read(file)).toString("utf8")) as { readonly manifest: string; readonly format: string }[]);
        return Array.isArray(read) ? read : [];
      })).flat();
      await addManifests(items.filter((i) => !i.format.startsWith("list/")).map((i) => i.manifest), into);
      level = [...new Set(items.filter((i) => i.format.startsWith("list/")).map((i) => i.manifest))];
    }
  }

  return {
    damaged,
    async from(parts, into) {
      for (const part of parts) for (const blob of part.blobs) into.add(blob);
      await addManifests(parts.flatMap((p) => p.manifests), into);
      await addLists(parts.flatMap((p) => p.lists), into);
    },
  };
}
