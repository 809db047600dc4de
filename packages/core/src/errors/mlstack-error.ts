import type { JsonObject } from "../values/json.ts";
import { ERROR_CODES, type ErrorCode } from "./codes.ts";

const MARK = Symbol.for("mlstack.error");

/** The parts of an error as a person reads them: what was found, why that is wrong, what mends it. */
export interface ErrorParts {
  /** Why this is an error: what was expected, and where that is said. */
  readonly why?: string | undefined;
  /** The action that mends it: a command or an edit. */
  readonly fix?: string | undefined;
  /** Machine-readable facts (names, found and accepted versions), stable per code. */
  readonly details?: JsonObject | undefined;
  /** The error below this one. */
  readonly cause?: unknown;
}

/** An error in the form in which it is stored in records and printed by `--json`. */
export interface SerializedError {
  readonly name: string;
  readonly code?: ErrorCode | undefined;
  readonly message: string;
  readonly why?: string | undefined;
  readonly fix?: string | undefined;
  readonly details?: JsonObject | undefined;
  readonly stack?: string | undefined;
  readonly cause?: SerializedError | undefined;
}

/**
 * An error with a stable code. Recognise it by `MlstackError.is(e, code?)`, never by `instanceof`: a project may hold two
 * copies of this package, and an error that came from one must be understood by the other.
 */
export class MlstackError extends Error implements ErrorParts {
  readonly code: ErrorCode;
  readonly why: string | undefined;
  readonly fix: string | undefined;
  readonly details: JsonObject | undefined;

  constructor(code: ErrorCode, message: string, parts: ErrorParts = {}) {
    super(message, parts.cause === undefined ? undefined : { cause: parts.cause });
    this.name = "MlstackError";
    this.code = code;
    this.why = parts.why;
    this.fix = parts.fix;
    this.details = parts.details;
    Object.defineProperty(this, MARK, { value: true });
  }

  /** The CLI's exit code for this error. */
  get exitCode(): number {
    return ERROR_CODES[this.code].exit;
  }

  toJSON(): SerializedError {
    return serializeError(this);
  }

  /** Whether `e` is an mlstack error, from whichever copy of the package, and has `code` if one is given. */
  static is(e: unknown, code?: ErrorCode): e is MlstackError {
    return typeof e === "object" && e !== null && MARK in e && (code === undefined || (e as { code?: unknown }).code === code);
  }
}

/** Turns anything that was thrown into a plain object; causes are followed eight deep. */
export function serializeError(e: unknown, depth = 8): SerializedError {
  if (MlstackError.is(e)) {
    return {
      name: "MlstackError", code: e.code, message: e.message,
      ...(e.why !== undefined && { why: e.why }), ...(e.fix !== undefined && { fix: e.fix }),
      ...(e.details !== undefined && { details: e.details }), ...causeOf(e, depth),
    };
  }
  if (e instanceof Error || (typeof e === "object" && e !== null && "message" in e)) {
    const { name, message, stack } = e as Error;
    return { name: name ?? "Error", message: String(message), ...(typeof stack === "string" && { stack }), ...causeOf(e as Error, depth) };
  }
  return { name: "Error", message: typeof e === "string" ? e : `a value that is not an error was thrown: ${String(e)}` };
}

function causeOf(e: { cause?: unknown }, depth: number): { cause?: SerializedError } {
  return e.cause === undefined || depth === 0 ? {} : { cause: serializeError(e.cause, depth - 1) };
}

/** Turns a stored error back into one that can be thrown. */
export function deserializeError(s: SerializedError): Error {
  const cause = s.cause === undefined ? undefined : deserializeError(s.cause);
  if (s.code !== undefined && s.code in ERROR_CODES) {
    return new MlstackError(s.code, s.message, { why: s.why, fix: s.fix, details: s.details, cause });
  }
  const e = new Error(s.message, cause === undefined ? undefined : { cause });
  e.name = s.name;
  if (s.stack !== undefined) e.stack = s.stack;
  return e;
}
