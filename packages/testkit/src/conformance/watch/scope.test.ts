import { describe, expect, test } from "vitest";
import { Scope } from "./scope.ts";

interface Mark { readonly what: string }

describe("whose code runs", () => {
  const scope = new Scope<Mark>();
  const here = () => scope.current?.what;
  class Store {
    #secret = "private";
    readonly capabilities = { fast: true };
    async get() { await Promise.resolve(); return { body: () => [here(), this.#secret] }; }
    async *list() { yield here(); await Promise.resolve(); yield here(); }
    plain() { return { size: 1, at: new Date(0), bytes: Buffer.from("x") }; }
    async told({ tell, deep: { ask } }: { tell(): unknown; deep: { ask(): Promise<unknown> } }) { return [tell(), await ask(), here()]; }
    own(other: unknown) { return other === this; }
  }
  const store = scope.wrap(new Store(), (what) => ({ what }));

  test("methods, what they give, and what comes of that later, run as the component's", async () => {
    const got = await store.get();
    expect([here(), got.body()]).toEqual([undefined, ["body", "private"]]);
    const listed: unknown[] = [];
    for await (const one of store.list()) listed.push(one, here());
    expect(listed).toEqual(["next", undefined, "next", undefined]);
  });

  test("functions that are handed in run as the kit's", async () => {
    expect(await store.told({ tell: here, deep: { ask: async () => { await Promise.resolve(); return here(); } } })).toEqual([undefined, undefined, "told"]);
  });

  test("it stays what it is: its class, its fields, plain data, and itself where it is handed back", () => {
    expect(store).toBeInstanceOf(Store);
    expect(store.capabilities).toEqual({ fast: true });
    expect(store.plain()).toEqual({ size: 1, at: new Date(0), bytes: Buffer.from("x") });
    expect([store.own(store), store.own({}), "get" in store, "put" in store]).toEqual([true, false, true, false]);
    expect(store.get).toBe(store.get);
  });

  test("a frozen one is no exception", () => {
    const frozen = scope.wrap(Object.freeze({ contract: "a@1", what: () => here() }), (what) => ({ what }));
    expect([frozen.contract, frozen.what(), Object.keys(frozen)]).toEqual(["a@1", "what", ["contract", "what"]]);
  });

  test("what it throws comes as it is", async () => {
    const error = new TypeError("no");
    const failing = scope.wrap({ now() { throw error; }, later: async () => { throw error; } }, (what) => ({ what }));
    expect(() => failing.now()).toThrow(error);
    await expect(failing.later()).rejects.toBe(error);
  });
});
