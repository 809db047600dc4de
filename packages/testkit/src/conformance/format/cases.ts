import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { inspect } from "node:util";
import { MlstackError, parseFormatId, type ErrorCode, type Preview } from "@mlstack/core";
import { listing } from "../../files/stored-value.ts";
import { refused } from "../refused.ts";
import type { ConformanceCase } from "../suite.ts";
import type { FormatContext } from "./subject.ts";

export type FormatNeed = "two" | "rejects" | "damaged" | "kept" | "metadata" | "preview" | "contentDigest";
export type FormatCase = ConformanceCase<FormatContext, FormatNeed>;

const BACK = "Reads the value back: equal to what was saved";
const DIGEST = "A digest of the value's meaning (hex), for formats whose bytes also depend on their writer. Equal values must give equal digests whatever wrote them";
const REFUSES = "@throws MLS3006 for a value that would come back changed";
const MOST_BYTES = 64 * 1024;
/** Of what a load refuses: no such file, damaged bytes, another schema, another format. */
const UNREADABLE: readonly ErrorCode[] = ["MLS3001", "MLS3002", "MLS3007", "MLS3008"];

export const formatCases: readonly FormatCase[] = [
  {
    id: "declared", title: "the format has an id with its major, and its reader keeps every major", clause: "Every format id this codec can read; it writes `ArtifactType.format`. A reader keeps every major that it ever wrote",
    async run({ type: { format, kind, codec } }) {
      const id = parseFormatId(format);
      assert.ok(id !== undefined, `${format} is no id of a format, such as parquet.table/1`);
      assert.ok(["data", "model", "metrics", "report", "other"].includes(kind), kind);
      assert.equal(new Set(codec.reads).size, codec.reads.length, "it names a format twice");
      for (const one of codec.reads) assert.ok(parseFormatId(one) !== undefined, `${one} is no id of a format`);
      for (let major = 1; major <= id.major; major++) assert.ok(codec.reads.includes(`${id.name}/${major}`), `it does not read ${id.name}/${major}`);
    },
  },
  {
    id: "round-trip", title: "a value comes back as it was", clause: `${BACK}. Writes the value's files`,
    async run({ subject: { samples }, save, load, same }) {
      for (const { name, value } of samples) assert.ok(await same(await load(await save(value)), value), `${name} came back as another value`);
    },
  },
  {
    id: "round-trip.again", title: "what was read can be saved again, as the same artifact", clause: BACK,
    async run({ subject: { samples }, save, load, same }) {
      for (const { name, value } of samples) {
        const first = await save(value);
        const again = await save(await load(first));
        assert.equal(again.digest, first.digest, `${name}, saved after it was read, has another digest`);
        assert.ok(await same(await load(again), value), `${name} came back as another value the second time`);
      }
    },
  },
  {
    id: "same-bytes", title: "equal values are equal artifacts, whenever they are saved", clause: "Turns values of one TypeScript type into files of one format. An artifact's digest is that of its files",
    async run({ subject: { samples }, save }) {
      const before = await Promise.all(samples.map(async ({ value }) => save(value)));
      // a time in the files is of seconds at the coarsest
      const second = Math.floor(Date.now() / 1000);
      while (Math.floor(Date.now() / 1000) === second) await sleep(20);
      for (const [n, { name, value }] of samples.entries()) assert.equal((await save(value)).digest, before[n]!.digest, `${name} has another digest when it is saved again`);
    },
  },
  {
    id: "apart", title: "values that differ are artifacts that differ", clause: `${BACK}. Downstream keys are then made of it instead of the bytes' digest`, needs: ["two"],
    async run({ subject: { samples }, save }) {
      const seen = new Map<string, string>();
      for (const { name, value } of samples) {
        const { digest } = await save(value);
        assert.ok(!seen.has(digest), `${name} and ${seen.get(digest)} have one digest`);
        seen.set(digest, name);
      }
    },
  },
  {
    id: "content-digest", title: "the digest of a value's meaning is hex, and that of the value that came back", clause: DIGEST, needs: ["contentDigest"],
    async run({ type: { codec }, subject: { samples }, save, load }) {
      for (const { name, value } of samples) {
        const digest = await codec.contentDigest!(value);
        assert.match(digest, /^[0-9a-f]{32,}$/, name);
        assert.equal(await codec.contentDigest!(await load(await save(value))), digest, `${name} has another digest when it came back`);
      }
    },
  },
  {
    id: "save.own-files", title: "an artifact is its files: nothing is written beside it, and each is listed", clause: "All files that are in it in the end become part of the artifact. Regular files under relative POSIX paths; names that differ only in case are refused",
    async run({ subject: { samples }, save, root }) {
      const paths: string[][] = [];
      for (const { value } of samples) for (let n = 0; n < 2; n++) paths.push((await save(value)).input.files.map(({ path }) => path));
      assert.equal((await readdir(root)).length, paths.length, `something lies beside the artifacts: ${(await readdir(root)).join(", ")}`);
      for (const all of paths) {
        assert.equal(new Set(all.map((path) => path.normalize("NFC").toLowerCase())).size, all.length, `names that differ only in case: ${all.join(", ")}`);
        for (const path of all) assert.ok(path === path.normalize("NFC") && !/~$|\.(tmp|part|bak|swp)$/i.test(path), `${path} is no file of an artifact`);
      }
    },
  },
  {
    id: "save.at-once", title: "values that are saved and read at the same time do not get into one another", clause: BACK, needs: ["two"],
    async run({ subject: { samples }, save, load, same }) {
      const loaded = await Promise.all(samples.map(async ({ value }) => load(await save(value))));
      for (const [n, { name, value }] of samples.entries()) assert.ok(await same(loaded[n], value), `${name} came back as another value`);
    },
  },
  {
    id: "load.read-only", title: "reading changes nothing of what is stored", clause: "Where a codec reads an artifact's files. A local directory that holds all files. Read-only",
    async run({ type, subject: { samples }, save, load }) {
      for (const { name, value } of samples) {
        const stored = await save(value);
        await load(stored);
        await load(stored);
        assert.deepEqual(await listing(stored.folder), stored.input.files, `the files of ${name} are others after they were read as ${type.format}`);
      }
    },
  },
  {
    id: "metadata", title: "facts of a value are plain JSON, small, and the same of the value that came back", clause: "Facts worth showing and filtering by, such as rows and columns. Small: it travels with the cache entry", needs: ["metadata"],
    async run({ type: { codec }, subject: { samples }, save, load }) {
      for (const { name, value } of samples) {
        const facts = await codec.extractMetadata!(value);
        assert.ok(typeof facts === "object" && facts !== null && !Array.isArray(facts), `the facts of ${name} are no object`);
        assert.ok(isJson(facts), `the facts of ${name} are not JSON: ${inspect(facts)}`);
        assert.ok(Buffer.byteLength(JSON.stringify(facts)) <= MOST_BYTES, `the facts of ${name} have more than 64 KiB`);
        assert.deepEqual(await codec.extractMetadata!(await load(await save(value))), facts, `${name} has other facts when it came back`);
      }
    },
  },
  {
    id: "preview", title: "a glance at a value is a text or a table of at most 64 KiB", clause: "A glance at a value: at most 64 KiB of JSON text, in UTF-8. Cells as text. Of the whole table, where it is known", needs: ["preview"],
    async run({ type: { codec }, subject: { samples } }) {
      for (const { name, value } of samples) {
        const preview = await codec.preview!(value);
        assert.ok(Buffer.byteLength(JSON.stringify(preview)) <= MOST_BYTES, `the preview of ${name} has more than 64 KiB`);
        assertPreview(preview, name);
      }
    },
  },
  {
    id: "rejects", title: "a value that it can't hold is refused, and the next one is stored as ever", clause: `${REFUSES}. MLS1009 for a value of another type`, needs: ["rejects"],
    async run({ subject: { samples, rejects }, save, load, same }) {
      for (const { name, value } of rejects!) {
        try { await refused(async () => save(value), "MLS3006", "MLS1009", "MLS3009"); } catch (e) { throw new assert.AssertionError({ message: `${name}: ${(e as Error).message}` }); }
      }
      const [first] = samples;
      assert.ok(await same(await load(await save(first!.value)), first!.value), `${first!.name} came back as another value`);
    },
  },
  {
    id: "damaged", title: "files that are no artifact of it are refused, and nothing is made up", clause: "Throws MLS3001 when the artifact has no such file", needs: ["damaged"],
    async run({ subject: { damaged }, artifact, load }) {
      for (const { name, files } of damaged!) {
        const error: unknown = await load(await artifact(files)).then(() => undefined, (e: unknown) => e);
        assert.ok(error !== undefined, `${name} was read`);
        assert.ok(MlstackError.is(error) && UNREADABLE.includes(error.code), `${name} was refused with ${inspect(error, { depth: 0 })}, and not with one of ${UNREADABLE.join(", ")}`);
      }
    },
  },
  {
    id: "kept", title: "what earlier versions and other programs have written is read", clause: "@param format the id that the artifact was written with, one of `reads`", needs: ["kept"],
    async run({ type, subject: { kept }, artifact, load, same }) {
      for (const { name, format, files, value } of kept!) {
        assert.ok(type.codec.reads.includes(format), `${format} is none of those that it reads`);
        assert.ok(await same(await load(await artifact(files), format), value), `${name} was read as another value`);
      }
    },
  },
];

/** What comes back from JSON text as it was, but for the sign of 0. */
function isJson(value: unknown): boolean {
  if (typeof value === "number") return Number.isFinite(value);
  if (value === null || typeof value === "string" || typeof value === "boolean") return true;
  if (Array.isArray(value)) return value.every(isJson);
  return typeof value === "object" && [Object.prototype, null].includes(Object.getPrototypeOf(value) as object | null) && Object.values(value).every(isJson);
}

function assertPreview(preview: Preview, name: string): void {
  switch (preview.type) {
    case "text": case "markdown": case "json": assert.equal(typeof preview.text, "string", `the preview of ${name} has no text`); return;
    case "table": {
      const { columns, rows, totalRows } = preview;
      for (const row of rows) assert.equal(row.length, columns.length, `a row of the preview of ${name} has ${row.length} cells for ${columns.length} columns`);
      assert.ok([...columns, ...rows.flat()].every((cell) => typeof cell === "string"), `a cell of the preview of ${name} is no text`);
      assert.ok(totalRows === undefined || totalRows >= rows.length, `the preview of ${name} has more rows than the table`);
      return;
    }
    default: assert.fail(`the preview of ${name} is of the type ${(preview as { type: string }).type}`);
  }
}
