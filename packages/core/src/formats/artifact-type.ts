import type { JsonObject } from "../values/json.ts";
import type { InputDir, OutputDir } from "./artifact-dir.ts";

/** What an artifact is for; shown in lists and used by filters. */
export type ArtifactKind = "data" | "model" | "metrics" | "report" | "other";

declare const VALUE: unique symbol;

/**
 * The declared type of an input or output: a documented byte layout (`format`, with its major version) and the codec that turns
 * values into it and back. Resolution is by this declaration, never by a value's class.
 */
export interface ArtifactType<T> {
  /** Format id with major, such as `parquet.table/1`. */
  readonly format: string;
  /** What it is for. */
  readonly kind: ArtifactKind;
  /** What reads and writes the format. */
  readonly codec: Codec<T>;
  /**
   * Types that hold others: `list(T)` names `T`. The engine stores the children as artifacts of their own.
   */
  readonly items?: ArtifactType<unknown> | undefined;
  /**
   * `settled(T)` names `T`: the value says whether a `T` was made or why not. An artifact of it is one of `T`, or a failure
   * (`mlstack.failure/1`); which one, its format says.
   */
  readonly settled?: ArtifactType<unknown> | undefined;
  /** `optional(T)`: an input that may be left without a value, as by a step that was skipped. Never an output's type. */
  readonly optional?: true | undefined;
  readonly [VALUE]?: T;
}

/** The value of an artifact type. */
export type ArtifactValue<A> = A extends ArtifactType<infer T> ? T : never;

/** Turns values of one TypeScript type into files of one format, and back. */
export interface Codec<T> {
  /** Every format id this codec can read; it writes `ArtifactType.format`. A reader keeps every major that it ever wrote. */
  readonly reads: readonly string[];
  /**
   * Writes the value's files.
   *
   * @throws MLS3006 for a value that would come back changed
   */
  save(value: T, dir: OutputDir): void | Promise<void>;
  /**
   * Reads the value back: equal to what was saved.
   *
   * @param format the id that the artifact was written with, one of `reads`
   */
  load(dir: InputDir, format: string): T | Promise<T>;
  /** Facts worth showing and filtering by, such as rows and columns. Small: it travels with the cache entry. */
  extractMetadata?(value: T): JsonObject | Promise<JsonObject>;
  /** A glance at the value. One that is too long is left out. */
  preview?(value: T): Preview | Promise<Preview>;
  /**
   * A digest of the value's meaning (hex), for formats whose bytes also depend on their writer. Equal values must give equal digests
   * whatever wrote them; downstream keys are then made of it instead of the bytes' digest.
   */
  contentDigest?(value: T): string | Promise<string>;
}

/** A glance at a value: at most 64 KiB of JSON text, in UTF-8. */
export type Preview =
  | { readonly type: "text" | "markdown"; readonly text: string }
  | { readonly type: "json"; readonly text: string }
  | {
      readonly type: "table"; readonly columns: readonly string[];
      /** Cells as text. */
      readonly rows: readonly (readonly string[])[];
      /** Of the whole table, where it is known. */
      readonly totalRows?: number | undefined;
    };

/** An artifact that was not loaded: its identity and, on demand, its files. */
export interface ArtifactHandle {
  /** SHA-256 of the manifest, in hex. */
  readonly digest: string;
  /** Id with major, such as `json/1`. */
  readonly format: string;
  /** In bytes. */
  readonly size: number;
  /** Opens the artifact's files. */
  open(): Promise<InputDir>;
}

/** Splits `parquet.table/1` into name and major; undefined if it has another form. */
export function parseFormatId(id: string): { name: string; major: number } | undefined {
  const m = /^([a-z][a-z0-9_-]*(?:\.[a-z][a-z0-9_-]*)*)\/([1-9][0-9]*)$/.exec(id);
  return m === null ? undefined : { name: m[1]!, major: Number(m[2]) };
}
