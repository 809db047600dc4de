import { setTimeout as sleep } from "node:timers/promises";
import { MlstackError, type ErrorCode, type SecretEntry, type SecretStore } from "@mlstack/core";
import type { SecretStoreSubject } from "@mlstack/testkit/conformance";
import { failingSecretStore } from "./secret-stores.ts";

/** A secret store that breaks one promise, and the cases that must see it. */
export interface BadSecretStore {
  readonly fault: string;
  readonly killers: readonly string[];
  /** What differs; asked for every object. */
  bad(store: SecretStore): Partial<SecretStore> | { readonly [method in keyof SecretStore]?: undefined };
  readonly subject?: Partial<SecretStoreSubject>;
}

const fail = (code: ErrorCode, message = "as it should not be"): never => { throw new MlstackError(code, message); };
const one = (fault: string, killers: string, bad: BadSecretStore["bad"], subject?: Partial<SecretStoreSubject>): BadSecretStore => ({ fault, killers: killers.split(" "), bad, ...(subject !== undefined && { subject }) });
const none = () => ({});
const listing = (s: SecretStore, change: (all: readonly SecretEntry[]) => readonly SecretEntry[]): Partial<SecretStore> => ({ list: async (o) => change(await s.list!(o)) });
const getting = (s: SecretStore, change: (value: string, name: string) => string): Partial<SecretStore> => ({ get: async (name, o) => { const value = await s.get(name, o); return value === undefined ? undefined : change(value, name); } });
/** Of all objects of a bad store; the case that is run is the only one. */
let busy = 0;
const gone: SecretEntry[] = [];

export const badSecretStores: readonly BadSecretStore[] = [
  one("implements another contract", "contract", () => ({ contract: "secret_store@2" as "secret_store@1" })),
  one("has a check that fails where all is well", "check", () => ({ check: async () => [{ name: "x", ok: false, message: "no" }] })),
  one("leaves what its check wrote", "check", (s) => ({ check: async () => { await s.set!("checked", "x"); return [{ name: "x", ok: true, message: "yes" }]; } })),
  one("shows values in its check", "check", (s) => ({ check: async () => Promise.all((await s.list!()).map(async ({ name }) => ({ name, ok: true, message: String(await s.get(name)) }))) })),
  one("forgets all when it is disposed of", "dispose set.kept-after-dispose", (s) => ({ dispose: async () => { for (const { name } of await s.list!()) await s.delete!(name); } })),
  one("gets in spite of a signal", "abort.before", (s) => ({ get: async (name) => s.get(name) })),
  one("lists in spite of a signal", "abort.before", (s) => ({ list: async () => s.list!() })),
  one("sets in spite of a signal", "abort.before", (s) => ({ set: async (name, value) => s.set!(name, value) })),
  one("removes in spite of a signal", "abort.before", (s) => ({ delete: async (name) => s.delete!(name) })),
  one("removes the old value before it sets the new one, and can be aborted in between", "abort.set", (s) => ({ set: async (name, value, o) => { o?.signal?.throwIfAborted(); await s.delete!(name); await new Promise((next) => { setImmediate(next); }); return s.set!(name, value, o); } })),
  one("rejects with an error of its own where it was aborted", "abort.set abort.before", (s) => ({ set: async (name, value, o) => { await new Promise((next) => { setImmediate(next); }); return o?.signal?.aborted === true ? fail("MLS6003") : s.set!(name, value); } })),
  one("gives what another key has sealed", "fails.locked", none, { openLocked: async () => ({ ...failingSecretStore("MLS8001"), get: async () => "sealed text" }) }),
  one("takes another key for damage", "fails.locked", none, { openLocked: async () => failingSecretStore("MLS8002") }),
  one("takes what is damaged for missing", "fails.damaged", (s) => ({ get: async (name, o) => s.get(name, o).catch((e: unknown) => { if (MlstackError.is(e, "MLS8002")) return undefined; throw e; }) })),
  one("has no values any more where one is damaged", "fails.damaged", (s) => ({ get: async (name, o) => { for (const { name: other } of await s.list!()) await s.get(other); return s.get(name, o); } })),
  one("takes no credentials for a service that does not serve", "fails.denied", none, { openDenied: async () => failingSecretStore("MLS6001") }),
  one("takes what it may not read for missing", "fails.denied", none, { openDenied: async () => ({ ...failingSecretStore("MLS6002"), get: async () => undefined }) }),
  one("finds all well where nothing answers", "fails.unreachable", none, { openUnreachable: async () => ({ ...failingSecretStore("MLS6001"), check: async () => [{ name: "reach", ok: true, message: "yes" }] }) }),
  one("shows the value in the error of a service that is gone", "fails.unreachable", none, { openUnreachable: async () => ({ ...failingSecretStore("MLS6001"), set: async (name, value) => fail("MLS6001", `PUT ${name}=${value} was not answered`) }) }),
  one("shows the value that it refuses", "secret.errors", (s) => ({ set: async (name, value, o) => s.set!(name, value, o).catch((e: unknown) => { throw new MlstackError("MLS8004", "no secret", { cause: new Error(`${String(e)}: ${value}`) }); }) })),
  one("fails as its language does", "secret.errors", (s) => ({ set: async (name, value, o) => { if (value.includes("\0")) throw new TypeError("a NUL in it"); return s.set!(name, value, o); } })),

  one("cuts values off", "get.value", (s) => ({ set: async (name, value, o) => s.set!(name, value.slice(0, 4000), o) })),
  one("keeps the letters of Latin-1", "get.value", (s) => getting(s, (value) => Buffer.from(value, "latin1").toString("latin1"))),
  one("resolves references in values", "get.value", (s) => getting(s, (value) => value.replace(/\$\{\w+:\w+\}/g, ""))),
  one("gives the value of a longer name", "get.missing", (s) => ({ get: async (name, o) => (await s.get(name, o)) ?? (name === "" ? undefined : s.get(`${name}b`, o)) })),
  one("refuses what is missing", "get.missing", (s) => ({ get: async (name, o) => (await s.get(name, o)) ?? fail("MLS6003") })),
  one("refuses to look up what is no name", "get.missing", (s) => ({ get: async (name, o) => (name === "" ? fail("MLS8004") : s.get(name, o)) })),
  one("takes long names for their beginning", "get.apart", (s) => { const short = (name: string) => name.slice(0, 28); return { get: async (name, o) => s.get(short(name), o), set: async (name, value, o) => s.set!(short(name), value, o) }; }),
  one("takes what is empty for a value", "get.empty", (s) => ({ get: async (name, o) => (await s.get(name, o)) ?? ((name.endsWith("a")) ? "" : undefined) })),
  one("lists in the order of writing", "list.sorted", (s) => listing(s, (all) => all.toSorted((a, b) => Number(a.changedAt) - Number(b.changedAt) || -1))),
  one("sorts numbers in names as numbers", "list.sorted", (s) => listing(s, (all) => all.toSorted((a, b) => a.name.localeCompare(b.name, "en", { numeric: true })))),
  one("lists two pages that overlap", "list.sorted", (s) => listing(s, (all) => all.flatMap((entry, n) => (n === 2 ? [entry, entry] : [entry])))),
  one("lists what it has set itself", "list.sorted", (s) => { const mine = new Set<string>(); return { ...listing(s, (all) => all.filter(({ name }) => mine.has(name))), set: async (name, value, o) => { mine.add(name); return s.set!(name, value, o); } }; }),
  one("lists values", "list.no-values", (s) => ({ list: async (o) => Promise.all((await s.list!(o)).map(async (entry) => ({ ...entry, value: await s.get(entry.name) }))) })),
  one("lists a value's beginning as its hint", "list.no-values", (s) => ({ list: async (o) => Promise.all((await s.list!(o)).map(async (entry) => Object.defineProperty({ ...entry }, "hint", { value: await s.get(entry.name), enumerable: false }))) })),
  one("says of all that it was set in 1970", "list.changed-at", (s) => listing(s, (all) => all.map((entry) => ({ ...entry, changedAt: new Date(0) })))),
  one("knows a time at first only", "list.changed-at", (s) => { const all = new Map<string, number>(); return { ...listing(s, (entries) => entries.map(({ name, changedAt }) => ({ name, ...((all.get(name) ?? 0) < 2 && { changedAt }) }))), set: async (name, value, o) => { all.set(name, (all.get(name) ?? 0) + 1); return s.set!(name, value, o); } }; }),

  one("sets, and removes nothing", "set.pair", () => ({ delete: undefined })),
  one("resolves before it has written", "set.kept", (s) => ({ set: async (name, value, o) => { void sleep(50).then(() => s.set!(name, value, o)).catch(() => undefined); return { replaced: false }; } })),
  one("keeps what it has read", "set.later", (s) => { const read = new Map<string, string | undefined>(); return { get: async (name, o) => { if (!read.has(name)) read.set(name, await s.get(name, o)); return read.get(name); }, set: async (name, value, o) => { read.set(name, value); return s.set!(name, value, o); } }; }),
  one("says always that there was none before", "set.replaced", (s) => ({ set: async (name, value, o) => ({ ...(await s.set!(name, value, o)), replaced: false }) })),
  one("knows what it has set itself before, and no more", "set.replaced", (s) => { const mine = new Set<string>(); return { set: async (name, value, o) => { await s.set!(name, value, o); const replaced = mine.has(name); mine.add(name); return { replaced }; } }; }),
  one("repeats what it has set", "set.notice", (s) => ({ set: async (name, value, o) => ({ ...(await s.set!(name, value, o)), notice: `${name} is now ${value}` }) })),
  one("says each time what it has to say once", "set.notice", (s) => ({ set: async (name, value, o) => ({ ...(await s.set!(name, value, o)), notice: "a key was made" }) })),
  one("loses what others set meanwhile", "set.at-once", (s) => ({ set: async (name, value, o) => { if (busy > 0) return { replaced: false }; busy++; try { await sleep(1); return await s.set!(name, value, o); } finally { busy--; } } })),
  one("writes all that it knows at each change", "set.beside-delete", (s) => ({ delete: async (name, o) => { const before = new Set((await s.list!()).map((entry) => entry.name)); await sleep(5); for (const { name: other } of await s.list!()) if (!before.has(other)) await s.delete!(other); return s.delete!(name, o); } })),
  one("keeps the first value", "set.later", (s) => ({ set: async (name, value, o) => ((await s.get(name)) === undefined ? s.set!(name, value, o) : { replaced: true }) })),
  one("writes over a value piece by piece", "set.later", (s) => ({ set: async (name, value, o) => { const half = value.length >> 1; const done = await s.set!(name, value.slice(0, half), o); await sleep(1); await s.set!(name, `${(await s.get(name)) ?? ""}${value.slice(half)}`, o); return done; } })),
  one("keeps names as it likes them", "set.refused-name", (s) => ({ set: async (name, value, o) => s.set!(name.toLowerCase().replace(/[^a-z0-9]/g, "") || "unnamed", value, o) })),
  one("refuses names as its service does", "set.refused-name", (s) => ({ set: async (name, value, o) => s.set!(name, value, o).catch(() => fail("MLS6003")) })),
  one("takes an empty value for the wish to remove", "set.refused-value", (s) => ({ set: async (name, value, o) => (value === "" ? { replaced: await s.delete!(name, o) } : s.set!(name, value, o)) })),
  one("cuts off what is too long", "set.refused-value", (s) => ({ set: async (name, value, o) => s.set!(name, value.slice(0, 2 ** 16), o) })),
  one("removes nothing", "delete.removes", (s) => ({ delete: async (name) => (await s.get(name)) !== undefined })),
  one("removes what begins with the name", "delete.removes", (s) => ({ delete: async (name, o) => { for (const { name: other } of await s.list!(o)) if (other.startsWith(name) && other !== name) await s.delete!(other); return s.delete!(name, o); } })),
  one("lists what was removed", "delete.removes", (s) => ({ delete: async (name, o) => { gone.push(...(await s.list!()).filter((entry) => entry.name === name)); return s.delete!(name, o); }, list: async (o) => [...gone, ...(await s.list!(o))] })),
  one("says that it has removed what was not there", "delete.missing", (s) => ({ delete: async (name, o) => { await s.delete!(name, o); return true; } })),
  one("refuses to remove what is not there", "delete.missing", (s) => ({ delete: async (name, o) => (await s.delete!(name, o)) || fail("MLS6003") })),
];
