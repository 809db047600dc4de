import assert from "node:assert/strict";
import { MlstackError, type ErrorCode } from "@mlstack/core";

/** Rejects with one of these codes. A rejection is an MlstackError whatever is wrong: raw errors of a file system or an SDK are none of a contract's. */
export async function refused(work: () => Promise<unknown>, ...codes: readonly ErrorCode[]): Promise<MlstackError> {
  const error = await work().then(() => undefined, (e: unknown) => (e instanceof Error ? e : new Error(`it rejected with no error: ${JSON.stringify(e)}`)));
  assert.ok(error !== undefined, `it resolved, and was to reject with ${codes.join(" or ")}`);
  assert.ok(MlstackError.is(error), `it rejected with ${error.name}: ${error.message}, and was to reject with ${codes.join(" or ")}`);
  assert.ok(codes.includes(error.code), `it rejected with ${error.code} (${error.message}), and was to reject with ${codes.join(" or ")}`);
  return error;
}

/** Rejects with the reason of its signal. */
export async function aborted(work: () => Promise<unknown>, reason: unknown, what: string): Promise<void> {
  const error: unknown = await work().then(() => "it resolved", (e: unknown) => e);
  assert.equal(error, reason, `${what}: ${String(error)}`);
}
