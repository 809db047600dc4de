import { MlstackError, parseFormatId, type ArtifactHandle, type ArtifactPointer, type ArtifactType, type JsonObject, type Preview } from "@mlstack/core";
import { FAILURE_FORMAT, failureType, type Failure } from "@mlstack/pipeline";
import type { StoredOutput } from "../store/action-space.ts";
import type { ContentSpace } from "../store/content-space.ts";
import { encodeManifest, makeManifest, manifestSize, sha256, type Manifest } from "../store/manifest.ts";
import { holdsForAll, sideBySide } from "../store/side-by-side.ts";
import { InputFolder } from "./input-folder.ts";
import { OutputFolder } from "./output-folder.ts";

/** The file of a `list/1` artifact: its items in order, each an artifact of its own. */
const LIST_FILE = "items.json";
const PREVIEW_LIMIT = 64 * 1024;

/** Saves values as artifacts and loads them back. */
export interface Artifacts {
  /**
   * @param scratch a folder of the attempt
   * @param metadata facts that the step added
   */
  save(type: ArtifactType<unknown>, value: unknown, scratch: string, metadata?: JsonObject): Promise<StoredOutput>;
  /** @throws MLS3008 when the type's codec can't read the artifact's format; MLS3001, MLS3002 when bytes are missing or changed */
  load(type: ArtifactType<unknown>, pointer: ArtifactPointer, scratch: string): Promise<unknown>;
  /** Makes one list artifact of others. */
  list(type: Pick<ArtifactType<unknown>, "format" | "kind">, items: readonly ArtifactPointer[]): Promise<StoredOutput>;
  handle(pointer: ArtifactPointer, scratch: string): ArtifactHandle;
  /** Every blob of the artifact, its manifest and, of a list, its items' included. */
  blobs(pointer: ArtifactPointer): Promise<readonly { readonly digest: string; readonly size: number }[]>;
  /** The items of a list artifact, in order. */
  items(pointer: ArtifactPointer): Promise<readonly ArtifactPointer[]>;
  /** Whether every blob of the artifact is in the store, with its size. */
  present(pointer: ArtifactPointer): Promise<boolean>;
}

export function artifacts(content: ContentSpace): Artifacts {
  async function save(type: ArtifactType<unknown>, value: unknown, scratch: string, extra: JsonObject = {}): Promise<StoredOutput> {
    if (type.settled !== undefined) {
      const { ok, value: inner, error } = value as { ok: boolean; value?: unknown; error?: Failure };
      return ok ? save(type.settled, inner, scratch, extra) : save(failureType, error, scratch, extra);
    }
    if (type.items !== undefined) {
      if (!Array.isArray(value)) throw new MlstackError("MLS1009", "a list output was not given an array", { fix: "return an array" });
      const { items: itemType } = type;
      const stored = await list(type, await sideBySide(value as unknown[], (item) => save(itemType, item, scratch)));
      return { ...stored, metadata: { ...stored.metadata, ...extra } };
    }
    const dir = new OutputFolder(scratch);
    const { codec } = type;
    await codec.save(value, dir);
    const manifest = makeManifest(await dir.commit(content));
    const digest = await content.putManifest(manifest);
    const metadata = { ...(await codec.extractMetadata?.(value)), ...extra };
    const preview = limited(await codec.preview?.(value));
    return { manifest: digest, identity: (await codec.contentDigest?.(value)) ?? digest, format: type.format, kind: type.kind, size: manifestSize(manifest), metadata, ...(preview !== undefined && { preview }) };
  }

  async function list(type: Pick<ArtifactType<unknown>, "format" | "kind">, items: readonly ArtifactPointer[]): Promise<StoredOutput> {
    const text = JSON.stringify(items.map(({ manifest, identity, format, size }) => ({ manifest, identity, format, size })));
    const bytes = Buffer.from(text);
    const digest = await content.putBytes(bytes);
    const manifest = await content.putManifest(makeManifest([{ path: LIST_FILE, size: bytes.byteLength, sha256: digest }]));
    const size = items.reduce((sum, i) => sum + i.size, bytes.byteLength);
    // equal items make equal lists, whatever wrote their bytes
    const identity = sha256(JSON.stringify(items.map((i) => `${i.format}:${i.identity}`)));
    return { manifest, identity, format: type.format, kind: type.kind, size, metadata: { items: items.length } };
  }

  async function listItems(manifest: Manifest): Promise<readonly ArtifactPointer[]> {
    const file = manifest.files.find((f) => f.path === LIST_FILE);
    if (file === undefined) throw new MlstackError("MLS3002", "a list artifact has no items.json");
    return JSON.parse(Buffer.from(await content.read(file.sha256)).toString("utf8")) as readonly ArtifactPointer[];
  }

  async function load(type: ArtifactType<unknown>, pointer: ArtifactPointer, scratch: string): Promise<unknown> {
    // an item of a map that went wrong has the failure's format, whatever the type of those that went well
    if (type.settled !== undefined && pointer.format !== FAILURE_FORMAT) return { ok: true, value: await load(type.settled, pointer, scratch) };
    if (!type.codec.reads.includes(pointer.format)) {
      const major = parseFormatId(pointer.format)?.major ?? 0;
      const newer = major > Math.max(0, ...type.codec.reads.map((r) => parseFormatId(r)?.major ?? 0));
      throw new MlstackError("MLS3008", `the artifact is a ${pointer.format}, this codec reads ${type.codec.reads.join(", ")}`, { fix: newer ? "update the package that brings the codec" : "load it with the type that it was saved with", details: { found: pointer.format, accepted: [...type.codec.reads] } });
    }
    const manifest = await content.readManifest(pointer.manifest);
    const { items } = type;
    if (items === undefined) return type.codec.load(new InputFolder(manifest, content, scratch), pointer.format);
    return sideBySide(await listItems(manifest), (item) => load(items, item, scratch));
  }

  async function blobs(pointer: ArtifactPointer): Promise<readonly { digest: string; size: number }[]> {
    const manifest = await content.readManifest(pointer.manifest);
    const own = [{ digest: pointer.manifest, size: Buffer.byteLength(encodeManifest(manifest)) }, ...manifest.files.map((f) => ({ digest: f.sha256, size: f.size }))];
    return isList(pointer) ? [...own, ...(await sideBySide(await listItems(manifest), blobs)).flat()] : own;
  }

  async function present(pointer: ArtifactPointer): Promise<boolean> {
    if (!(await content.has(pointer.manifest))) return false;
    const manifest = await content.readManifest(pointer.manifest);
    if (!(await holdsForAll(manifest.files, (file) => content.has(file.sha256, file.size)))) return false;
    return !isList(pointer) || holdsForAll(await listItems(manifest), present);
  }

  return {
    save, load, list, present, blobs,
    items: async (pointer) => listItems(await content.readManifest(pointer.manifest)),
    handle: (pointer, scratch) => ({
      digest: pointer.manifest, format: pointer.format, size: pointer.size,
      open: async () => new InputFolder(await content.readManifest(pointer.manifest), content, scratch),
    }),
  };
}

const isList = (pointer: ArtifactPointer): boolean => pointer.format.startsWith("list/");

/** A preview that is too large is left out: it travels with every cache entry. */
function limited(preview: Preview | undefined): Preview | undefined {
  return preview !== undefined && Buffer.byteLength(JSON.stringify(preview)) <= PREVIEW_LIMIT ? preview : undefined;
}
