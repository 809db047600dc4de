import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MlstackError, type Codec } from "@mlstack/core";
import { bytes, json, localDirectory, localFile, ndarray, npy, onnxModel, storedDirectory, storedFile, text, type ArtifactDirectory, type ArtifactFile } from "@mlstack/pipeline";
import type { FormatSubject } from "@mlstack/testkit/conformance";

/** A track: places in their order, and what it is called. */
export interface Track { readonly name: string; readonly places: readonly (readonly [x: number, y: number])[] }

const isTrack = (value: unknown): value is Track => typeof value === "object" && value !== null && typeof (value as Track).name === "string" && Array.isArray((value as Track).places);

/** A small format that has all that a format may: two files, a header and doubles. Version 1 had all in one file. */
export const trackCodec: Codec<Track> = {
  reads: ["acme.track/1", "acme.track/2"],
  async save(value, dir) {
    if (!isTrack(value)) throw new MlstackError("MLS1009", "this is no track");
    if (value.places.flat().some((x) => !Number.isFinite(x))) throw new MlstackError("MLS3006", "a place is nowhere");
    await dir.write("track.json", JSON.stringify({ name: value.name, places: value.places.length }));
    await dir.write("places.f64", new Uint8Array(Float64Array.from(value.places.flat()).buffer));
  },
  async load(dir, format) {
    if (format === "acme.track/1") return JSON.parse(Buffer.from(await dir.read("track.json")).toString()) as Track;
    const { name, places } = JSON.parse(Buffer.from(await dir.read("track.json")).toString()) as { name: string; places: number };
    const raw = await dir.read("places.f64");
    if (raw.byteLength !== 16 * places) throw new MlstackError("MLS3008", "there are fewer places than it says");
    const all = new Float64Array(Uint8Array.from(raw).buffer);
    return { name, places: Array.from({ length: places }, (_, n) => [all[2 * n]!, all[2 * n + 1]!] as const) };
  },
  extractMetadata: ({ name, places }) => ({ name: name.slice(0, 100), places: places.length }),
  preview: ({ places }) => ({ type: "table", columns: ["x", "y"], rows: places.slice(0, 10).map((place) => place.map(String)), totalRows: places.length }),
};

export const trackSubject: FormatSubject<Track> = {
  type: { format: "acme.track/2", kind: "data", codec: trackCodec },
  samples: [
    { name: "a track", value: { name: "a", places: [[1, 2], [3, 4.5]] } },
    { name: "the way back", value: { name: "a", places: [[3, 4.5], [1, 2]] } },
    { name: "another name", value: { name: "b", places: [[1, 2], [3, 4.5]] } },
    { name: "no places", value: { name: "Größe 中文 🗺", places: [] } },
    { name: "many places", value: { name: "", places: Array.from({ length: 1000 }, (_, n) => [n, -n] as const) } },
    { name: "a long name", value: { name: "n".repeat(100_000), places: [[0.1, 1e300]] } },
  ],
  rejects: [{ name: "no track", value: 7 }, { name: "nowhere", value: { name: "a", places: [[Number.NaN, 0]] } }],
  damaged: [{ name: "no files", files: {} }, { name: "half of the places", files: { "track.json": '{"name":"a","places":2}', "places.f64": new Uint8Array(16) } }],
  kept: [{ name: "one of the first version", format: "acme.track/1", files: { "track.json": '{"name":"a","places":[[1,2]]}' }, value: { name: "a", places: [[1, 2]] } }],
};

const shared = (): Uint8Array => new Uint8Array(new SharedArrayBuffer(4));

/** The formats of core and pipeline. @param folder for files and folders that are saved */
export function ownFormats(folder: string): readonly (readonly [format: string, subject: FormatSubject])[] {
  const file = (name: string, content: string): ArtifactFile => { writeFileSync(join(folder, name), content); return localFile(join(folder, name)); };
  const tree = (name: string, files: Readonly<Record<string, string>>): ArtifactDirectory => {
    mkdirSync(join(folder, name), { recursive: true });
    for (const [path, content] of Object.entries(files)) { mkdirSync(join(folder, name, path, ".."), { recursive: true }); writeFileSync(join(folder, name, path), content); }
    return localDirectory(join(folder, name));
  };
  const sameFile = async (a: ArtifactFile, b: ArtifactFile): Promise<boolean> => a.name === b.name && Buffer.from(await a.bytes()).equals(await b.bytes());
  const digests = async (of: ArtifactDirectory): Promise<string> => JSON.stringify(await of.files());
  const of = <T>(subject: FormatSubject<T>): readonly [string, FormatSubject] => [subject.type.format, subject];
  return [
    of({
      type: json(),
      samples: Object.entries({ "an object": { a: [1, "x", null, true], "": {} }, null: null, undefined, numbers: [-0, 0, NaN, Infinity, 2 ** 53, 1n << 70n], "a Map": new Map<unknown, unknown>([["a", new Set([1])], [1, new Date(0)]]), bytes: new Uint8Array([0, 255]), "a text": "\u2028 ä 🗺" }).map(([name, value]) => ({ name, value })),
      rejects: [{ name: "a function", value: () => 1 }, { name: "an instance of a class", value: new (class A { readonly a = 1; })() }, { name: "a promise", value: Promise.resolve(1) }],
      damaged: [{ name: "no files", files: {} }, { name: "half of it", files: { "value.json": '{"a":' } }, { name: "no UTF-8", files: { "value.json": new Uint8Array([0x22, 0xff, 0x22]) } }],
      kept: [{ name: "with a byte order mark", format: "json/1", files: { "value.json": "\uFEFF[1]\n" }, value: [1] }],
    }),
    of({
      type: text(), samples: [{ name: "a text", value: "a\r\nb\n" }, { name: "an empty one", value: "" }, { name: "a byte order mark", value: "\uFEFFa" }, { name: "many planes", value: "ä 中 🗺 \u0000" }, { name: "a long one", value: "line\n".repeat(50_000) }],
      rejects: [{ name: "half a character", value: "\ud800" }, { name: "bytes", value: new Uint8Array(1) }], damaged: [{ name: "no files", files: {} }],
    }),
    of({
      type: bytes(), samples: [{ name: "some", value: Uint8Array.from([0, 255, 10]) }, { name: "none", value: new Uint8Array(0) }, { name: "a megabyte", value: new Uint8Array(2 ** 20).fill(7) }],
      rejects: [{ name: "a text", value: "x" }, { name: "memory of several threads", value: shared() }], damaged: [{ name: "no files", files: {} }],
    }),
    of({
      type: npy(), samples: [{ name: "a matrix", value: ndarray(Float64Array.from([1, -0, NaN, 4, 5, 6]), [2, 3]) }, { name: "the same numbers in another shape", value: ndarray(Float64Array.from([1, -0, NaN, 4, 5, 6]), [3, 2]) }, { name: "nothing", value: ndarray(new Int32Array(0), [0]) }, { name: "one number", value: ndarray(Float32Array.from([0.5]), []) }, { name: "64 bits", value: ndarray(BigInt64Array.from([-(2n ** 63n), 2n ** 63n - 1n])) }],
      rejects: [{ name: "a list", value: [1, 2] }, { name: "fewer numbers than it says", value: { dtype: "f8", shape: [3], data: new Float64Array(2) } }], damaged: [{ name: "no files", files: {} }, { name: "half a header", files: { "value.npy": new Uint8Array([0x93, 0x4e, 0x55, 0x4d]) } }],
    }),
    of({
      type: storedFile(), same: sameFile, samples: [{ name: "a file", value: file("a.txt", "a") }, { name: "an empty file", value: file("empty.bin", "") }, { name: "another name", value: file("b.txt", "a") }],
      rejects: [{ name: "a path", value: "/a" }, { name: "a file that is not there", value: localFile(join(folder, "none")) }], damaged: [{ name: "two files", files: { a: "1", b: "2" } }],
    }),
    of({
      type: onnxModel(), same: sameFile, samples: [{ name: "a model", value: file("m.onnx", "\b\u0007onnx") }, { name: "another", value: file("n.onnx", "\b\u0008onnx") }], rejects: [{ name: "bytes", value: new Uint8Array(3) }],
    }),
    of({
      type: storedDirectory(), same: async (a, b) => (await digests(a)) === (await digests(b)), samples: [{ name: "a folder", value: tree("d1", { "a.txt": "a", "deep/b.bin": "b" }) }, { name: "an empty one", value: tree("d2", {}) }, { name: "one file in it", value: tree("d3", { "a.txt": "aa" }) }],
      rejects: [{ name: "a path", value: "/a" }, { name: "a folder that is not there", value: localDirectory(join(folder, "nowhere")) }],
    }),
  ];
}
