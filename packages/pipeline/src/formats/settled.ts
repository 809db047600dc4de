import { MlstackError, type ArtifactType, type InputDir } from "@mlstack/core";
import { artifactType, readText, typeMismatch, unreadable } from "./artifact-type.ts";
import { textPreview } from "./preview.ts";

/** The format of what stands in the place of a value that could not be made: one file `failure.json`. */
export const FAILURE_FORMAT = "mlstack.failure/1";
const FILE = "failure.json";

/** Why something could not be made. */
export interface Failure {
  readonly code: string;
  readonly message: string;
}

/** What was made, or why it could not be. */
export type Settled<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: Failure };

/** The type of a value that is there or failed, which knows the type of the value. */
export type SettledType<T> = ArtifactType<Settled<T>> & { readonly settled: ArtifactType<T> };

/** A failure by itself: format `mlstack.failure/1`, canonical JSON `{ code, message }`. */
export const failureType: ArtifactType<Failure> = artifactType<Failure>(FAILURE_FORMAT, { kind: "other" }, {
  async save(value, dir) {
    if (!isFailure(value)) throw typeMismatch(FAILURE_FORMAT, value, "{ code, message }");
    const { code, message } = value;
    await dir.write(FILE, JSON.stringify({ code, message }));
  },
  load: loadFailure,
  extractMetadata: ({ code }) => ({ code }),
  preview: ({ code, message }) => textPreview(`${code} ${message}`),
});

/**
 * A value of a type, or why there is none: what a map with `onFailure: "collect"` makes of each item, so that a step which reads its
 * results declares `list(settled(T))`. An artifact of it is one of `T`, or a failure; its format says which. The engine tells them apart
 * item by item. Used directly, the codec writes the files of either.
 */
export function settled<T>(type: ArtifactType<T>): SettledType<T> {
  if (type.optional) throw new MlstackError("MLS1008", "settled(optional(…)) is not a type", { why: "what failed has no value, but what was skipped has not failed either", fix: "write optional(settled(…))" });
  if (type.settled !== undefined) throw new MlstackError("MLS1008", "settled(settled(…)) is not a type", { why: "a stored failure could belong to either", fix: "write settled once" });
  return {
    format: type.format, kind: type.kind, settled: type,
    codec: {
      reads: [...type.codec.reads, FAILURE_FORMAT],
      async save(value, dir) {
        if (typeof value !== "object" || value === null || typeof value.ok !== "boolean") throw typeMismatch(type.format, value, "{ ok: true, value } or { ok: false, error }");
        await (value.ok ? type.codec.save(value.value, dir) : failureType.codec.save(value.error, dir));
      },
      async load(dir, format) {
        return format === FAILURE_FORMAT ? { ok: false, error: await loadFailure(dir, format) } : { ok: true, value: await type.codec.load(dir, format) };
      },
    },
  };
}

async function loadFailure(dir: InputDir, format: string): Promise<Failure> {
  const text = await readText(dir, format, FILE, "drop");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw unreadable(format, `"${FILE}" is not JSON`, { cause });
  }
  if (!isFailure(value)) throw unreadable(format, `"${FILE}" has no code and message`);
  return { code: value.code, message: value.message };
}

function isFailure(value: unknown): value is Failure {
  return typeof value === "object" && value !== null && "code" in value && "message" in value && typeof value.code === "string" && typeof value.message === "string";
}
