import assert from "node:assert/strict";
import { inspect } from "node:util";
import type { ErrorCode, MlstackError, SecretStore } from "@mlstack/core";
import { refused } from "../refused.ts";
import type { ConformanceCase } from "../suite.ts";
import type { SecretStoreContext } from "./subject.ts";

export type SecretNeed = "put" | "set" | "outside" | "list" | "check" | "locked" | "damage" | "denied" | "unreachable";
export type SecretCase = ConformanceCase<SecretStoreContext, SecretNeed>;

/** A value that is found wherever it gets to: no text has it by chance. */
export const CANARY = "canary-7d1c0f5b-of-the-conformance-kit";

/** All that anybody is shown of an error: message, why, fix, details, causes and stack. */
const shown = (error: unknown): string => inspect(error, { depth: Infinity, showHidden: true, maxStringLength: Infinity, maxArrayLength: Infinity }) + JSON.stringify(error);

export function assertSecret(thing: unknown, what: string): void {
  assert.ok(!shown(thing).includes(CANARY), `${what} shows a secret's value`);
}

/** Refuses by one of these codes, and does not show the value that it was given. */
export async function refusedInSecret(work: () => Promise<unknown>, what: string, ...codes: readonly ErrorCode[]): Promise<MlstackError> {
  const error = await refused(work, ...codes);
  assertSecret(error, `the error of ${what}`);
  return error;
}

/** Puts a value there where anybody can. @returns what the store has to give of the name then */
export async function putIfAny({ store, subject, put }: SecretStoreContext, name: string, value: string): Promise<string | undefined> {
  if (store.set === undefined && subject.outside === undefined) return undefined;
  await put(name, value);
  return value;
}

/** The store's methods that are there, each as one call. */
export function callsOf(store: SecretStore, name: string): readonly (readonly [what: string, call: (signal?: AbortSignal) => Promise<unknown>])[] {
  return [
    ["get", async (signal) => store.get(name, { signal })],
    ...(store.list === undefined ? [] : [["list", async (signal?: AbortSignal) => store.list!({ signal })] as const]),
    ...(store.set === undefined ? [] : [["set", async (signal?: AbortSignal) => store.set!(name, CANARY, { signal })] as const]),
    ...(store.delete === undefined ? [] : [["delete", async (signal?: AbortSignal) => store.delete!(name, { signal })] as const]),
  ];
}

/** Names of the list that begin as one of the case does. */
export const listedAs = async (store: SecretStore, beginning: string): Promise<string[]> => (await store.list!()).map(({ name }) => name).filter((name) => name.startsWith(beginning));
