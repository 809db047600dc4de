import assert from "node:assert/strict";
import { assertSecret, CANARY, listedAs, type SecretCase } from "./tools.ts";

const GET = "The value, or undefined where there is none of that name";
const EMPTY = "Never an empty text: a variable that is empty has no value";
const LIST = "The secrets that there are, sorted by name, without their values";
const AN_HOUR = 3_600_000;

/** What a password, a token, a connection string or a key file looks like. */
const VALUES: readonly string[] = [
  CANARY, "x", "a b", "pässwörd-中文-🔑", "p@ss:w/rd?&=+%20#;,|<>\"'`\\$()[]{}*~!^", "${secret:other} ${env:HOME} $HOME %PATH%",
  "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA\n-----END PRIVATE KEY-----", JSON.stringify({ user: "u", password: "p" }), "v".repeat(4096),
];

export const valueCases: readonly SecretCase[] = [
  {
    id: "get.value", title: "a value comes back as it was put there", clause: GET,
    // without a value that is known nothing is shown of a store: that is no reason to skip it
    async run({ store, open, name, put }) {
      for (const [n, value] of VALUES.entries()) {
        const at = name(`a${n}`);
        await put(at, value);
        for (const one of [store, await open()]) assert.ok((await one.get(at)) === value, `value number ${n} of the case came back as another one`);
      }
    },
  },
  {
    id: "get.missing", title: "a name under which there is nothing has no value", clause: GET, needs: ["put"],
    async run({ store, subject, name, put }) {
      await put(name("ab"), CANARY);
      for (const word of ["a", "abc", "b"]) assert.equal(await store.get(name(word)), undefined, `the value of ${word}, where there is one of ab`);
      for (const one of subject.refusedNames ?? [""]) assert.equal(await store.get(one), undefined, `the value of ${JSON.stringify(one)}`);
    },
  },
  {
    id: "get.apart", title: "each name has its own value", clause: GET, needs: ["put"],
    async run({ store, name, put }) {
      const words = ["a", "ab", "abc", "b", "1", "11"];
      for (const word of words) await put(name(word), `value of ${word}`);
      assert.deepEqual(await Promise.all(words.map((word) => store.get(name(word)))), words.map((word) => `value of ${word}`));
    },
  },
  {
    id: "get.empty", title: "what is empty is not there", clause: EMPTY, needs: ["outside"],
    async run({ store, subject, name }) {
      await subject.outside!.put(name("a"), "");
      assert.equal(await store.get(name("a")), undefined);
      if (store.list !== undefined) assert.deepEqual(await listedAs(store, name("a")), []);
    },
  },
  {
    id: "list.sorted", title: "all names are listed, each once, in their order", clause: `${LIST}. As \`get\` takes it`, needs: ["put", "list"],
    async run({ store, open, name, put }) {
      const words = ["c", "a", "b10", "b", "b2", "z", "1"];
      for (const word of words) await put(name(word), CANARY);
      for (const one of [store, await open()]) {
        const all = (await one.list!()).map((entry) => entry.name);
        assert.deepEqual(all, all.toSorted((a, b) => (a < b ? -1 : 1)), "the list is in another order");
        assert.deepEqual(all.filter((found) => found.startsWith(name(""))), words.map(name).toSorted());
      }
    },
  },
  {
    id: "list.no-values", title: "the list has names and times, and no value", clause: `A secret as it may be shown: never with its value. ${LIST}`, needs: ["put", "list"],
    async run({ store, name, put }) {
      await put(name("a"), CANARY);
      const entry = (await store.list!()).find((one) => one.name === name("a"));
      assert.ok(entry !== undefined, "the secret is not in the list");
      assertSecret(entry, "the list");
    },
  },
  {
    id: "list.changed-at", title: "a time in the list is the one of the last set", clause: "When it was last set; undefined where that is not known", needs: ["set", "list"],
    async run({ store, name }) {
      const at = async (): Promise<Date | undefined> => (await store.list!()).find((one) => one.name === name("a"))!.changedAt;
      await store.set!(name("a"), CANARY);
      const first = await at();
      // the service's clock may be another one
      if (first !== undefined) assert.ok(Math.abs(first.getTime() - Date.now()) < AN_HOUR, `it was set at ${String(first)}`);
      await store.set!(name("a"), "another");
      const second = await at();
      assert.equal(second === undefined, first === undefined, "one time is known and the other is not");
      assert.ok(first === undefined || second!.getTime() >= first.getTime(), "it was set earlier when it was set again");
    },
  },
];
