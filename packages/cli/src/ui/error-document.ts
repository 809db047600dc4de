import { ERROR_CODES, serializeError, type ErrorCode, type SerializedError } from "@mlstack/core/errors";
import type { ErrorDocument, JsonFields } from "../json/documents.ts";
import { DOCS } from "../docs-base.ts";
import { userFrames } from "./user-frames.ts";

/** What there is to read about a code. */
export function docsOf(code: ErrorCode): string {
  return `${DOCS}/errors.md#${code.toLowerCase()}`;
}

/**
 * An error as `--json` shows it, the same everywhere: of a command, a run or a step. What a user's own code threw has no code of its own.
 *
 * @param code for an error without one: MLS4001 for what a step threw, MLS9001 for a bug
 */
export function errorDocument(e: unknown, code: ErrorCode = "MLS9001"): ErrorDocument {
  return documentOf(isSerialized(e) ? e : serializeError(e), code);
}

function documentOf(e: SerializedError, fallback: ErrorCode): ErrorDocument {
  const code = e.code ?? fallback;
  const { title, exit } = ERROR_CODES[code];
  const at = userFrames(e);
  return {
    code, title, exitCode: exit, message: e.message, ...(e.code === undefined && { name: e.name }), ...(e.why !== undefined && { why: e.why }), ...(e.fix !== undefined && { fix: e.fix }), docs: docsOf(code),
    ...(at.length > 0 && { at }), ...(e.details !== undefined && { details: e.details as JsonFields }), ...(e.cause !== undefined && { cause: causeOf(e.cause) }),
  };
}

function causeOf(e: SerializedError): NonNullable<ErrorDocument["cause"]> {
  return { name: e.name, ...(e.code !== undefined && { code: e.code }), message: e.message, ...(e.cause !== undefined && { cause: causeOf(e.cause) }) };
}

/** As records hold it: a plain object. */
function isSerialized(e: unknown): e is SerializedError {
  return typeof e === "object" && e !== null && Object.getPrototypeOf(e) === Object.prototype && "name" in e && "message" in e;
}
