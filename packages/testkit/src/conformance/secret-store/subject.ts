import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { SecretStore } from "@mlstack/core";

/** A secret store under test. Cases keep values under names of their own (`conformance<random>…`), which are removed afterwards; nothing else is looked at or removed. */
export interface SecretStoreSubject {
  /** Opens the store: each time another object for the same place, as another process has it. */
  open(): Promise<SecretStore>;
  /** How values get into it: as a person does it by the vendor's own tools. A store without `set` can't be tested without: `get.value` fails then. */
  readonly outside?: { put(name: string, value: string): Promise<void>; remove(name: string): Promise<void> } | undefined;
  /** Names that it does not take; the empty one by default. */
  readonly refusedNames?: readonly string[] | undefined;
  /** Values that it does not take, besides the empty one, such as one that is too long. */
  readonly refusedValues?: readonly string[] | undefined;
  /** The same store with a key that is not the one of its values. */
  openLocked?(): Promise<SecretStore>;
  /** Damages what is kept of a secret, as a disk does. */
  damage?(name: string): Promise<void>;
  /** The same store with credentials that the service does not take. */
  openDenied?(): Promise<SecretStore>;
  /** The same store at an address where nothing answers. */
  openUnreachable?(): Promise<SecretStore>;
}

export interface SecretStoreContext {
  readonly subject: SecretStoreSubject;
  readonly store: SecretStore;
  /** Another object for the same store; disposed of after the case. */
  open(): Promise<SecretStore>;
  /** A name of this case, of lower case letters and digits. In the order of their words. */
  name(word: string): string;
  /** Puts a value there, whatever the store's way is. */
  put(name: string, value: string): Promise<void>;
}

export async function withinSecretStore<T>(subject: SecretStoreSubject, _id: string, use: (context: SecretStoreContext) => Promise<T>): Promise<T> {
  const opened: SecretStore[] = [];
  const open = async (): Promise<SecretStore> => { const store = await subject.open(); opened.push(store); return store; };
  const prefix = `conformance${randomUUID().replaceAll("-", "").slice(0, 16)}`;
  const names = new Set<string>();
  const name = (word: string): string => { names.add(prefix + word); return prefix + word; };
  try {
    const store = await open();
    const put = async (at: string, value: string): Promise<void> => {
      if (store.set !== undefined) { await store.set(at, value); return; }
      assert.ok(subject.outside !== undefined, "the store has no `set`, and the subject no `outside`: give { put, remove } there, which write a value as a person does by the vendor's own tools. Nothing shows otherwise that the store gives any");
      await subject.outside.put(at, value);
    };
    return await use({ subject, store, open, name, put });
  } finally {
    await clear(subject, names).catch(() => undefined);
    for (const store of opened) await store.dispose?.();
  }
}

async function clear(subject: SecretStoreSubject, names: ReadonlySet<string>): Promise<void> {
  const store = await subject.open();
  try {
    const remove = async (name: string): Promise<unknown> => (store.delete === undefined ? subject.outside?.remove(name) : store.delete(name));
    // one that can't be removed keeps none of the others
    for (const name of names) await remove(name).catch(() => undefined);
  } finally { await store.dispose?.(); }
}
