import assert from "node:assert/strict";
import { MlstackError, type ErrorCode, type SecretStore } from "@mlstack/core";
import { aborted } from "../refused.ts";
import type { SecretStoreSubject } from "./subject.ts";
import { assertSecret, callsOf, CANARY, putIfAny, refusedInSecret, type SecretCase } from "./tools.ts";

const ABORT = "Aborts the call; the component stops what it does and rejects with the signal's reason";

const failing = (need: "denied" | "unreachable", title: string, code: ErrorCode, open: (s: SecretStoreSubject) => Promise<SecretStore>): SecretCase => ({
  id: `fails.${need}`, title, clause: "@throws MLS6001, MLS6002, MLS6003 of services", needs: [need],
  async run({ subject, name }) {
    const store = await open(subject);
    try {
      for (const [what, call] of callsOf(store, name("a"))) await refusedInSecret(call, what, code);
      if (store.check !== undefined) assert.ok((await store.check()).some((one) => !one.ok), "the store's own check finds nothing wrong");
    } finally { await store.dispose?.(); }
  },
});

export const secretCallCases: readonly SecretCase[] = [
  { id: "contract", title: "the store names its contract", clause: "contract: \"secret_store@1\"", async run({ store }) { assert.equal(store.contract, "secret_store@1"); } },
  {
    id: "check", title: "the check of a store that works finds that it works, shows no value, and leaves nothing", clause: "Looks at reach, permissions and latency. Writes nothing that stays", needs: ["check"],
    async run(context) {
      const { store, name } = context;
      const value = await putIfAny(context, name("a"), CANARY);
      const before = await store.list?.();
      const findings = await store.check!();
      assert.ok(findings.length > 0, "it has looked at nothing");
      for (const { name: what, ok, message } of findings) { assert.ok(ok, `${what}: ${message}`); assert.ok(what !== "" && message !== "", "a finding without words"); }
      assertSecret(findings, "the check");
      // other tests may be at work in the same place
      const names = (list: typeof before): string[] => (list ?? []).map((one) => one.name).filter((one) => !one.startsWith("conformance") || one.startsWith(name("")));
      assert.deepEqual(names(await store.list?.()), names(before));
      assert.equal(await store.get(name("a")), value);
    },
  },
  {
    id: "dispose", title: "a store that is disposed of takes nothing from another one", clause: "Releases connections and files",
    async run(context) {
      const { store, open, name } = context;
      const value = await putIfAny(context, name("a"), CANARY);
      const other = await open();
      assert.equal(await other.get(name("a")), value);
      await other.dispose?.();
      assert.equal(await store.get(name("a")), value);
    },
  },
  {
    id: "abort.before", title: "a call whose signal was aborted before does nothing and rejects with the signal's reason", clause: ABORT,
    async run(context) {
      const { store, name } = context;
      const value = await putIfAny(context, name("a"), "as it was");
      const reason = new Error("enough");
      for (const [what, call] of callsOf(store, name("a"))) await aborted(async () => call(AbortSignal.abort(reason)), reason, what);
      assert.equal(await store.get(name("a")), value);
    },
  },
  {
    id: "abort.set", title: "a set that is aborted rejects with the signal's reason or is done: the old value is there, or the new one", clause: ABORT, needs: ["set"],
    async run({ store, open, name }) {
      for (const ticks of [0, 1, 3]) {
        await store.set!(name("a"), "as it was");
        const reason = new Error("enough");
        const stop = new AbortController();
        const done = store.set!(name("a"), CANARY, { signal: stop.signal }).then(() => undefined, (e: unknown) => e);
        for (let n = 0; n < ticks; n++) await new Promise((next) => { setImmediate(next); });
        stop.abort(reason);
        const error: unknown = await done;
        assert.ok(error === undefined || error === reason, `after ${ticks} turns: ${String(error)}`);
        const found = await (await open()).get(name("a"));
        assert.ok(found === CANARY || (error !== undefined && found === "as it was"), `after ${ticks} turns neither the old value nor the new one is there`);
      }
    },
  },
  {
    id: "fails.locked", title: "a value that the key does not open is refused, without a word of it", clause: "@throws MLS8001 when it can't be opened with the key that is there", needs: ["put", "locked"],
    async run({ subject, name, put }) {
      await put(name("a"), CANARY);
      const store = await subject.openLocked!();
      try {
        await refusedInSecret(async () => store.get(name("a")), "get", "MLS8001");
        assert.equal(await store.get(name("b")), undefined, "a value of a name that has none");
      } finally { await store.dispose?.(); }
    },
  },
  {
    id: "fails.damaged", title: "what is damaged is refused, and nothing else is", clause: "@throws MLS8002 when what is kept is damaged", needs: ["put", "damage"],
    async run({ store, subject, name, put }) {
      await put(name("a"), CANARY);
      await put(name("b"), CANARY);
      await subject.damage!(name("a"));
      await refusedInSecret(async () => store.get(name("a")), "get", "MLS8002");
      assert.equal(await store.get(name("b")), CANARY, "the value of another one");
    },
  },
  failing("denied", "credentials that are not taken are MLS6002 by every method", "MLS6002", (s) => s.openDenied!()),
  failing("unreachable", "a service that can't be reached is MLS6001 by every method", "MLS6001", (s) => s.openUnreachable!()),
  {
    id: "secret.errors", title: "no error of a refused call shows a value", clause: "A secret as it may be shown: never with its value", needs: ["set"],
    async run({ store, name, subject }) {
      const errors: unknown[] = [];
      // what nobody may take, and what hardly anybody does
      for (const one of [...(subject.refusedNames ?? [""]), name("a")]) await store.set!(one, `${CANARY}\u0000${"x".repeat(2 ** 20)}`).catch((e: unknown) => { errors.push(e); });
      for (const error of errors) { assert.ok(MlstackError.is(error), `no error of mlstack's: ${error instanceof Error ? error.name : typeof error}`); assertSecret(error, "an error"); }
    },
  },
];
