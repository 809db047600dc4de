import { expect, test } from "vitest";
import { MlstackError } from "../errors/mlstack-error.ts";
import { redactor } from "../values/redactor.ts";
import { quietComponent } from "./quiet-component.ts";

const CANARY = "canary-of-a-component";
const failing = () => new Error(`403 for Bearer ${CANARY}`, { cause: new TypeError(CANARY) });

class Client {
  readonly contract = "acme.store@1";
  #calls = 0;
  get calls() { return this.#calls; }
  get plain() { return CANARY; }
  async get(what: string) { this.#calls++; if (what === "bad") throw failing(); return what; }
  now(): string { throw failing(); }
  async *list() { yield 1; throw failing(); }
  async body() {
    return { size: 1, async *[Symbol.asyncIterator]() { yield new Uint8Array(1); throw failing(); }, async bytes(): Promise<Uint8Array> { throw new MlstackError("MLS3003", CANARY); } };
  }
  readonly launch = { start: async () => { throw failing(); } };
  async check() { return [{ name: "reach", ok: false, message: `403 for ${CANARY}` }]; }
}
const read = async (of: AsyncIterable<unknown>) => { for await (const _ of of) { /* to its end */ } };
const toldBy = async (work: () => unknown): Promise<string> => { try { await work(); } catch (e) { return `${(e as Error).stack ?? ""} ${String((e as Error).cause)}`; } throw new Error("nothing was thrown"); };

test("whatever it throws, and finds of itself, is told without the secret", async () => {
  const quiet = quietComponent(new Client(), redactor([CANARY]));
  const told = [await toldBy(() => quiet.get("bad")), await toldBy(() => quiet.now()), await toldBy(() => read(quiet.list())), await toldBy(async () => read(await quiet.body())), await toldBy(async () => (await quiet.body()).bytes()), await toldBy(() => quiet.launch.start())];
  for (const text of told) expect(text).toContain("[secret]");
  expect(told.join()).not.toContain(CANARY);
  expect(await quiet.check()).toEqual([{ name: "reach", ok: false, message: "403 for [secret]" }]);
});

test("is otherwise the component that it is: its fields, its private ones, its results, and errors that tell nothing", async () => {
  const own = Object.freeze({ x: () => "frozen" });
  const mine = new MlstackError("MLS6001", "not there");
  const client = Object.assign(new Client(), { own, fail: async () => { throw mine; } });
  const quiet = quietComponent(client, redactor([CANARY]));
  expect([await quiet.get("a"), quiet.calls, quiet.contract, quiet.own.x(), quiet.plain, "get" in quiet]).toEqual(["a", 1, "acme.store@1", "frozen", CANARY, true]);
  expect(quiet.get).toBe(quiet.get);
  await expect(quiet.fail()).rejects.toBe(mine);
  expect(quietComponent(Object.freeze({ contract: "a@1", go: () => 1 }), redactor([CANARY])).go()).toBe(1);
});
