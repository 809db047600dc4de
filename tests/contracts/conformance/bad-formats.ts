import { writeFile } from "node:fs/promises";
import { MlstackError, type Codec, type JsonObject, type OutputDir, type Preview } from "@mlstack/core";
import type { Track } from "./formats.ts";

/** A format that breaks one promise, and the cases that must see it. */
export interface BadFormat {
  readonly fault: string;
  readonly killers: readonly string[];
  /** What differs in its codec. */
  bad(codec: Codec<Track>): Partial<Codec<Track>>;
  /** What it says that it writes. */
  readonly format?: string;
}

const one = (fault: string, killers: string, bad: BadFormat["bad"], format?: string): BadFormat => ({ fault, killers: killers.split(" "), bad, ...(format !== undefined && { format }) });
const none = () => ({});
/** Writes other values than those that it is given. */
const saving = (c: Codec<Track>, change: (value: Track) => Track): Partial<Codec<Track>> => ({ save: async (value, dir) => c.save(value.places === undefined ? value : change(value), dir) });
/** Writes a file besides. */
const besides = (c: Codec<Track>, write: (dir: OutputDir) => Promise<void>): Partial<Codec<Track>> => ({ async save(value, dir) { await c.save(value, dir); await write(dir); } });
let files = 0;
let last: Track | undefined;

export const badFormats: readonly BadFormat[] = [
  one("has an id without a major", "declared", none, "acme.track"),
  one("does not read what its earlier version wrote", "declared kept", (c) => ({ reads: c.reads.slice(1), load: async (dir, format) => { if (format === "acme.track/1") throw new MlstackError("MLS3008", "too old"); return c.load(dir, format); } })),
  one("has names of ASCII", "round-trip", (c) => saving(c, ({ name, ...rest }) => ({ ...rest, name: name.replace(/[^\0-\x7f]/g, "?") }))),
  one("computes with four bytes", "round-trip", (c) => saving(c, (value) => ({ ...value, places: value.places.map(([x, y]) => [Math.fround(x), Math.fround(y)] as const) }))),
  one("takes what is empty for missing", "round-trip", (c) => ({ load: async (dir, format) => { const found = await c.load(dir, format); return found.places.length === 0 ? { name: found.name } as Track : found; } })),
  one("notes how often it was saved", "round-trip.again", (c) => { let n = 0; return { async save(value, dir) { await c.save(value, dir); await dir.write("saved.json", String(n++)); } }; }),
  one("loads the latest value instead of the files", "save.at-once", (c) => ({ save: async (value, dir) => { last = value; await new Promise((next) => { setImmediate(next); }); await c.save(last, dir); } })),
  one("writes the time of saving", "same-bytes", (c) => besides(c, async (dir) => dir.write("saved.txt", new Date().toISOString().slice(0, 19)))),
  one("gives its files names by chance", "same-bytes", (c) => besides(c, async (dir) => dir.write(`part-${files++}`, ""))),
  one("takes values of the same places for equal", "apart", () => ({ contentDigest: ({ places }) => Buffer.from(JSON.stringify(places)).toString("hex").slice(0, 32).padEnd(32, "0") })),
  one("has digests in base64", "content-digest", () => ({ contentDigest: (value) => Buffer.from(JSON.stringify(value)).toString("base64") })),
  one("has the digest of an object, not of a value", "content-digest", () => { const all = new WeakMap<Track, string>(); return { contentDigest: (value) => { if (!all.has(value)) all.set(value, (++files).toString(16).padStart(64, "0")); return all.get(value)!; } }; }),
  one("writes beside its folder", "save.own-files", (c) => besides(c, async (dir) => writeFile(`${dir.path}.log`, "saved"))),
  one("leaves its temporary file", "save.own-files", (c) => besides(c, async (dir) => dir.write("places.f64.tmp", ""))),
  one("leaves a file where it has read", "load.read-only", (c) => ({ load: async (dir, format) => { await writeFile(`${await dir.path()}/index.bin`, "x"); return c.load(dir, format); } })),
  one("has NaN among its facts", "metadata", () => ({ extractMetadata: ({ places }) => ({ mean: places.length === 0 ? Number.NaN : 1 }) })),
  one("has all of the value among its facts", "metadata", () => ({ extractMetadata: ({ name }) => ({ name }) })),
  one("has facts that are none of the value's", "metadata", () => ({ extractMetadata: (): JsonObject => ({ saved: files++ }) })),
  one("shows all of the value at a glance", "preview", () => ({ preview: ({ name }): Preview => ({ type: "text", text: name }) })),
  one("shows a table whose cells are numbers", "preview", () => ({ preview: ({ places }) => ({ type: "table", columns: ["x", "y"], rows: places.slice(0, 3) as never }) })),
  one("shows a column less than it has", "preview", () => ({ preview: ({ places }) => ({ type: "table", columns: ["x"], rows: places.slice(0, 3).map((place) => place.map(String)) }) })),
  one("stores what it can't hold as something else", "rejects", (c) => saving(c, (value) => ({ ...value, places: value.places.map(([x, y]) => [Number.isFinite(x) ? x : 0, y] as const) }))),
  one("fails as its language does", "rejects", (c) => ({ save: async (value, dir) => { for (const [x] of (value as Partial<Track>).places ?? []) if (Number.isNaN(x)) throw new RangeError("a place is nowhere"); return c.save(value, dir); } })),
  one("fills up what is missing", "damaged", (c) => ({ load: async (dir, format) => { try { return await c.load(dir, format); } catch { return { name: "", places: [] }; } } })),
  one("reads every version as the newest", "kept", (c) => ({ load: async (dir) => c.load(dir, "acme.track/2") })),
];
