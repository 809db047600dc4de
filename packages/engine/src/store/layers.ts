import { MlstackError, type ArtifactPointer } from "@mlstack/core";
import { artifacts, type Artifacts } from "../artifacts/artifacts.ts";
import { actionSpace, type ActionEntry } from "./action-space.ts";
import { contentSpace, type ContentSpace } from "./content-space.ts";
import type { NamedStore } from "./known-stores.ts";
import type { Relied } from "./roots.ts";
import { sideBySide } from "./side-by-side.ts";

/** What was copied into the active store because something there was going to need it. */
export interface Copied {
  readonly artifacts: number;
  /** In bytes. */
  readonly bytes: number;
  readonly from: string;
}

/**
 * The active stack's store, and behind it the other stores that the project has used: results that lie there are hits here, and what a
 * step is going to read is copied first. Everything is written to the active store only.
 */
export interface Layers {
  readonly content: ContentSpace;
  readonly artifacts: Artifacts;
  /** An entry in any store other than the active one. */
  findElsewhere(domain: string, key: string): Promise<{ readonly entry: ActionEntry; /** It is no hit: executions differed. */ readonly marked: boolean } | undefined>;
  /** Whether every blob of an artifact is in a store that can be reached. What lies elsewhere is relied on from then on. */
  present(pointer: ArtifactPointer): Promise<boolean>;
  /** The same of a single blob. */
  has(digest: string, size?: number): Promise<boolean>;
  /** Sees to it that the active store has all bytes of an artifact. */
  bring(pointer: ArtifactPointer): Promise<void>;
  /** Blobs that are relied on where they are, by store, since this was asked last: all that an artifact has, where not all of it is in the active store. */
  relied(): readonly Relied[];
  readonly copied: readonly Copied[];
  /** What a person should know: stores that could not be asked. */
  readonly warnings: readonly string[];
}

/** @param scratch a folder for large blobs on their way */
export function layers(active: ContentSpace, others: readonly NamedStore[], scratch: string): Layers {
  const warnings: string[] = [];
  const usable = others.map((o) => ({ name: o.name, open: remember(o.open), broken: false, answered: false }));
  const copied = new Map<string, { artifacts: number; bytes: number; from: string }>();

  /** Asks one store after the other. One that fails is not asked again in this run: a bucket out of reach must cost its time once. */
  async function first<T>(ask: (content: ContentSpace) => Promise<T | undefined>): Promise<{ value: T; name: string; content: ContentSpace } | undefined> {
    for (const other of usable) {
      if (other.broken) continue;
      try {
        const { content, value } = await withinReach(other.answered, async () => {
          const opened = await other.open();
          return { content: opened, value: await ask(opened) };
        });
        other.answered = true;
        if (value !== undefined) return { value, name: other.name, content };
      } catch (e) {
        // asked side by side, it fails for all who asked
        if (other.broken) continue;
        other.broken = true;
        // whoever uninstalls a plugin knows that its stores are not asked any more
        if (!MlstackError.is(e, "MLS2007")) warnings.push(`results in ${other.name} were not looked for: ${e instanceof Error ? e.message : String(e)}`);
      }
    }
    return undefined;
  }

  // what is not in the active store is asked for once: it is looked for, then read, then copied
  const found = new Map<string, { readonly name: string; readonly content: ContentSpace }>();
  async function elsewhere(digest: string, size?: number): Promise<{ readonly name: string; readonly content: ContentSpace } | undefined> {
    const known = found.get(digest);
    if (known !== undefined) return known;
    const at = await first(async (c) => ((await c.has(digest, size)) ? true : undefined));
    if (at !== undefined) found.set(digest, at);
    return at;
  }

  const holder = async (digest: string, size?: number): Promise<ContentSpace | undefined> => ((await active.has(digest, size)) ? active : (await elsewhere(digest, size))?.content);

  const content: ContentSpace = {
    ...active,
    async has(digest, size) { return (await holder(digest, size)) !== undefined; },
    async read(digest) { return (await from(digest)).read(digest); },
    async *stream(digest) { yield* (await from(digest)).stream(digest); },
    async readManifest(digest) { return (await from(digest)).readManifest(digest); },
    async inPlace(digest) { return (await from(digest)).inPlace(digest); },
  };

  async function from(digest: string): Promise<ContentSpace> {
    return usable.length === 0 ? active : ((await holder(digest)) ?? active);
  }

  let reliedOn = new Map<ContentSpace, Set<string>>();
  /** Looks for blobs, and notes where they were found if that was not the active store alone. */
  async function reliedOnIf(look: (where: ContentSpace) => Promise<boolean>): Promise<boolean> {
    if (usable.length === 0) return look(active);
    const places: [ContentSpace, string][] = [];
    const noting: ContentSpace = {
      ...content,
      async has(digest, size) {
        const at = await holder(digest, size);
        if (at !== undefined) places.push([at, digest]);
        return at !== undefined;
      },
    };
    if (!(await look(noting))) return false;
    if (places.every(([at]) => at === active)) return true;
    for (const [at, digest] of places) reliedOn.set(at, (reliedOn.get(at) ?? new Set()).add(digest));
    return true;
  }

  async function copyBlob(digest: string, size: number, note: { bytes: number; from: string | undefined }): Promise<void> {
    if (await active.has(digest, size)) return;
    const at = await elsewhere(digest, size);
    if (at === undefined) return;
    await active.putStream(at.content.stream(digest), digest, size, scratch);
    note.bytes += size;
    note.from ??= at.name;
  }

  const all = artifacts(content);
  return {
    content, artifacts: all, warnings,
    get copied() { return [...copied.values()]; },
    async findElsewhere(domain, key) {
      const found = await first(async (c) => {
        const actions = actionSpace(c.store, domain);
        const there = await actions.get(key);
        return there.state === "found" ? { entry: there.entry, marked: await actions.isMarked(key) } : undefined;
      });
      return found?.value;
    },
    present: (pointer) => reliedOnIf((where) => (where === active ? all : artifacts(where)).present(pointer)),
    has: (digest, size) => reliedOnIf((where) => where.has(digest, size)),
    relied() {
      const blobs = reliedOn;
      reliedOn = new Map();
      return [...blobs].map(([{ store }, digests]) => ({ store, blobs: [...digests] }));
    },
    async bring(pointer) {
      if (usable.length === 0) return;
      const note: { bytes: number; from: string | undefined } = { bytes: 0, from: undefined };
      await sideBySide(await all.blobs(pointer), (blob) => copyBlob(blob.digest, blob.size, note), COPIES);
      if (note.from === undefined) return;
      const sum = copied.get(note.from) ?? { artifacts: 0, bytes: 0, from: note.from };
      copied.set(note.from, { ...sum, artifacts: sum.artifacts + 1, bytes: sum.bytes + note.bytes });
    },
  };
}

/** How many blobs are copied at a time; each may take some megabytes of memory. */
const COPIES = 16;

/** How long a store may take to answer at all, in milliseconds: a service that is out of reach can take minutes to say so. */
const FIRST_ANSWER_MS = 5000;

async function withinReach<T>(hasAnswered: boolean, work: () => Promise<T>): Promise<T> {
  if (hasAnswered) return work();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, fail) => { timer = setTimeout(() => fail(new MlstackError("MLS6001", `it did not answer within ${FIRST_ANSWER_MS / 1000} s`)), FIRST_ANSWER_MS); });
  try { return await Promise.race([work(), late]); } finally { clearTimeout(timer); }
}

function remember(open: NamedStore["open"]): () => Promise<ContentSpace> {
  let opened: Promise<ContentSpace> | undefined;
  return () => (opened ??= open().then((store) => contentSpace(store, false)));
}
