import assert from "node:assert/strict";
import { assertSecret, CANARY, listedAs, refusedInSecret, type SecretCase } from "./tools.ts";

const SET = "Keeps a value under a name; resolves when it would survive the process's death";
const AT_ONCE = "Others that write at the same time lose nothing";
const LATER = "Of two values for one name the later stays";
const REFUSES = "@throws MLS8004 for a name or value that it does not take";
const DELETE = "Removes a secret; false where there was none";

export const setCases: readonly SecretCase[] = [
  {
    id: "set.pair", title: "a store that sets also removes", clause: "Removes a secret. Goes with `set`",
    async run({ store }) { assert.equal(store.delete === undefined, store.set === undefined, "it has one of set and delete, and not the other"); },
  },
  {
    id: "set.kept", title: "what is set is there for everybody as soon as set has resolved", clause: SET, needs: ["set"],
    async run({ store, open, name }) {
      const other = await open();
      await store.set!(name("a"), CANARY);
      assert.equal(await (await open()).get(name("a")), CANARY, "the value that an object made afterwards is given");
      assert.equal(await other.get(name("a")), CANARY, "the value that an object made before is given");
    },
  },
  {
    id: "set.kept-after-dispose", title: "what is set stays when the object that has set it is gone", clause: SET, needs: ["set"],
    async run({ store, open, name }) {
      const writer = await open();
      await writer.set!(name("a"), CANARY);
      await writer.dispose?.();
      assert.equal(await store.get(name("a")), CANARY);
    },
  },
  {
    id: "set.replaced", title: "set says whether there was a value before, whoever set it", clause: "Whether there was one before", needs: ["set"],
    async run({ store, open, name }) {
      const other = await open();
      const said: boolean[] = [];
      for (const one of [store, other, store]) said.push((await one.set!(name("a"), CANARY)).replaced);
      said.push((await store.set!(name("b"), CANARY)).replaced);
      await other.delete!(name("a"));
      said.push((await store.set!(name("a"), CANARY)).replaced);
      assert.deepEqual(said, [false, true, true, false, false], "there was one before: at the first set, again by another object, again, under another name, after delete");
    },
  },
  {
    id: "set.notice", title: "what set has to say is a text without the value", clause: "What a person should know of it, once: such as where a key was made", needs: ["set"],
    async run({ store, name }) {
      const [first, second] = [await store.set!(name("a"), CANARY), await store.set!(name("b"), CANARY)];
      for (const { notice } of [first, second]) assert.ok(notice === undefined || (typeof notice === "string" && notice !== ""), "the notice is no text");
      assert.ok(first.notice === undefined || first.notice !== second.notice, "the same is said again");
      assertSecret([first, second], "the result of set");
    },
  },
  {
    id: "set.at-once", title: "of many that are set at the same time each is there", clause: AT_ONCE, needs: ["set"],
    async run({ store, open, name }) {
      const writers = [store, await open(), await open()];
      const words = Array.from({ length: 12 }, (_, n) => `n${n}`);
      await Promise.all(words.map((word, n) => writers[n % 3]!.set!(name(word), `value of ${word}`)));
      const reader = await open();
      assert.deepEqual(await Promise.all(words.map((word) => reader.get(name(word)))), words.map((word) => `value of ${word}`));
      if (reader.list !== undefined) assert.deepEqual(await listedAs(reader, name("n")), words.map(name).toSorted());
    },
  },
  {
    id: "set.beside-delete", title: "what is removed takes nothing along that is set at the same time", clause: AT_ONCE, needs: ["set"],
    async run({ store, open, name }) {
      const other = await open();
      const words = Array.from({ length: 6 }, (_, n) => `n${n}`);
      for (const word of words) await store.set!(name(`old${word}`), CANARY);
      await Promise.all(words.flatMap((word) => [other.delete!(name(`old${word}`)), store.set!(name(`new${word}`), CANARY)]));
      for (const word of words) assert.deepEqual([await store.get(name(`old${word}`)), await store.get(name(`new${word}`))], [undefined, CANARY], word);
    },
  },
  {
    id: "set.later", title: "of two values the later stays, and of those at the same time one of them whole", clause: LATER, needs: ["set"],
    async run({ store, open, name }) {
      const other = await open();
      await store.set!(name("a"), "the first");
      await other.set!(name("a"), "the second");
      assert.deepEqual([await store.get(name("a")), await other.get(name("a"))], ["the second", "the second"]);
      const values = Array.from({ length: 6 }, (_, n) => String(n).repeat(2000));
      await Promise.all(values.map((value, n) => [store, other][n % 2]!.set!(name("a"), value)));
      const found = await (await open()).get(name("a"));
      assert.ok(found !== undefined && values.includes(found), "none of the values that were set is there");
      assert.equal(await store.get(name("a")), found, "two objects have two values");
    },
  },
  {
    id: "set.refused-name", title: "a name that it does not take is refused, and nothing is kept", clause: REFUSES, needs: ["set"],
    async run({ store, subject }) {
      for (const one of subject.refusedNames ?? [""]) {
        await refusedInSecret(async () => store.set!(one, CANARY), `set(${JSON.stringify(one)})`, "MLS8004");
        assert.equal(await store.get(one), undefined, "it is kept");
      }
    },
  },
  {
    id: "set.refused-value", title: "a value that it does not take is refused, also the empty one, and what was there stays", clause: REFUSES, needs: ["set"],
    async run({ store, subject, name }) {
      await store.set!(name("a"), CANARY);
      for (const value of ["", ...(subject.refusedValues ?? [])]) {
        for (const word of ["a", "b"]) await refusedInSecret(async () => store.set!(name(word), value), `a value of ${value.length} characters`, "MLS8004");
      }
      assert.deepEqual([await store.get(name("a")), await store.get(name("b"))], [CANARY, undefined]);
    },
  },
  {
    id: "delete.removes", title: "what is removed is gone for everybody, and nothing else is", clause: DELETE, needs: ["set"],
    async run({ store, open, name }) {
      for (const word of ["a", "ab", "b"]) await store.set!(name(word), CANARY);
      const other = await open();
      assert.equal(await other.delete!(name("a")), true);
      for (const one of [store, other, await open()]) {
        assert.deepEqual([await one.get(name("a")), await one.get(name("ab")), await one.get(name("b"))], [undefined, CANARY, CANARY]);
        if (one.list !== undefined) assert.deepEqual(await listedAs(one, name("")), [name("ab"), name("b")]);
      }
    },
  },
  {
    id: "delete.missing", title: "to remove what is not there is no error, and says so", clause: DELETE, needs: ["set"],
    async run({ store, subject, name }) {
      assert.equal(await store.delete!(name("a")), false);
      await store.set!(name("a"), CANARY);
      assert.deepEqual([await store.delete!(name("a")), await store.delete!(name("a"))], [true, false]);
      for (const one of subject.refusedNames ?? [""]) assert.equal(await store.delete!(one), false, JSON.stringify(one));
    },
  },
];
