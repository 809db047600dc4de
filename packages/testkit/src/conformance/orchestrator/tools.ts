import assert from "node:assert/strict";
import { MlstackError, type ErrorCode, type ProcessEnd } from "@mlstack/core";
import type { ConformanceCase } from "../suite.ts";
import type { Started, OrchestratorContext } from "./subject.ts";

export type OrchestratorNeed = "launch" | "check" | "process" | "bundle" | "kill" | "ask" | "parallel" | "attach" | "bound" | "driver" | "client" | "denied" | "unreachable";
export type OrchestratorCase = ConformanceCase<OrchestratorContext, OrchestratorNeed>;

/** An end that a step has made by itself. */
export function assertExit(end: ProcessEnd, exitCode: number, what = "the step"): void {
  assert.deepEqual([end.status, end.exitCode], ["exited", exitCode], `${what} has ended otherwise: ${JSON.stringify(end)}`);
  assert.notEqual(end.blame, "cancel", `${what} was not cancelled: ${JSON.stringify(end)}`);
}

/** An end that was demanded: in order, or not. */
export function assertCancelled(end: ProcessEnd): void {
  assert.ok(end.status === "killed" || end.status === "exited", `a step that was cancelled has ended otherwise: ${JSON.stringify(end)}`);
  assert.ok(end.blame === undefined || end.blame === "cancel", `a step that was cancelled has ended by somebody else: ${JSON.stringify(end)}`);
}

/** Has a step end as one that is done, and sees that it is, and was not before. */
export async function finish({ handle, actor }: Started): Promise<void> {
  assert.equal(await byNow(handle.ended), undefined, "a step that runs is said to have ended");
  actor.tell({ do: "return" });
  assertExit(await handle.ended, 0);
  await actor.gone;
}

/** A promise's value where it is there by now; else undefined. Lets everything run that is ready to. */
export async function byNow<T>(promise: Promise<T>): Promise<T | undefined> {
  return Promise.race([promise, new Promise<undefined>((done) => { setImmediate(() => done(undefined)); })]);
}

/** Whether an error is one that a contract names; raw errors are none. */
export function isOneOf(error: unknown, ...codes: readonly ErrorCode[]): boolean {
  return MlstackError.is(error) && codes.includes(error.code);
}
