import { hash } from "node:crypto";
import { statSync } from "node:fs";
import { isCode, type RequestMode } from "./resolve.ts";

/** A file of own code as this process has loaded it. */
export interface LoadedSource {
  /** What a compiler made of it, or what `sourceText` gives. */
  readonly text: string;
  /** `module` or `commonjs`; undefined where Node did not say. */
  readonly format: string | undefined;
}

/** A file of a package, in the state that it was in when it was loaded (`fileState`). */
export interface LoadedFile {
  readonly file: string;
  readonly state: string;
}

/** Where an import of one file has led. */
export interface LoadedLink {
  readonly parent: string;
  readonly specifier: string;
  readonly mode: RequestMode;
  readonly file: string;
}

/**
 * What this process has loaded, as far as the source hooks saw it. Nothing is ever taken back: code that was loaded can run at any time.
 * A file that was loaded several times, such as under `?query`s, is there in every form that it had.
 */
export interface Loads {
  /** Own code and what it imports that is no code, by real path. */
  readonly sources: Map<string, LoadedSource[]>;
  readonly files: LoadedFile[];
  readonly links: LoadedLink[];
  /** What of the two lists is noted already: Node asks for some imports again and again. */
  readonly known: Set<string>;
  /** How often something was added. */
  count: number;
}

const LOADS = Symbol.for("mlstack.loads@1");

/** Shared by all copies of this package: hooks may have been installed by another one than the one that asks. */
export function processLoads(): Loads {
  return ((globalThis as { [LOADS]?: Loads })[LOADS] ??= { sources: new Map(), files: [], links: [], known: new Set(), count: 0 });
}

export function noteSource(file: string, source: LoadedSource): void {
  const loads = processLoads();
  const known = loads.sources.get(file);
  if (known === undefined) loads.sources.set(file, [source]);
  else if (known.some((k) => k.text === source.text && k.format === source.format)) return;
  else known.push(source);
  loads.count++;
}

export function noteFile(file: string, state: string): void {
  const loads = processLoads();
  if (isNew(loads, `${file}\0${state}`)) loads.files.push({ file, state });
}

export function noteLink(link: LoadedLink): void {
  const loads = processLoads();
  if (isNew(loads, `${link.parent}\0${link.mode}\0${link.specifier}\0${link.file}`)) loads.links.push(link);
}

function isNew(loads: Loads, key: string): boolean {
  if (loads.known.has(key)) return false;
  loads.known.add(key);
  loads.count++;
  return true;
}

/** A file that is loaded as it is: its text, without a mark of the byte order; of what is neither code nor JSON its SHA-256. */
export function sourceText(file: string, content: string | ArrayBufferView | ArrayBuffer): string {
  if (!isCode(file) && !file.endsWith(".json")) return hash("sha256", typeof content === "string" ? content : bytesOf(content), "hex");
  return (typeof content === "string" ? content : Buffer.from(bytesOf(content)).toString("utf8")).replace(/^\uFEFF/, "");
}

const bytesOf = (content: ArrayBufferView | ArrayBuffer): Uint8Array => (ArrayBuffer.isView(content) ? new Uint8Array(content.buffer, content.byteOffset, content.byteLength) : new Uint8Array(content));

/** Size, times and inode of a file: the same as long as nobody has written to it, since the change time can't be set. */
export function fileState(file: string): string {
  const found = statSync(file, { bigint: true, throwIfNoEntry: false });
  return found === undefined ? "" : stateText(found);
}

export const stateText = ({ size, mtimeNs, ctimeNs, ino }: { readonly size: bigint; readonly mtimeNs: bigint; readonly ctimeNs: bigint; readonly ino: bigint }): string => `${size} ${mtimeNs} ${ctimeNs} ${ino}`;

/** Whether a file, folder or link was written, made or moved after this process was started; also when it is not there any more. */
export function isYoung(stat: { readonly mtimeMs: number; readonly ctimeMs: number } | undefined): boolean {
  return stat === undefined || Math.max(stat.mtimeMs, stat.ctimeMs) > performance.timeOrigin;
}
