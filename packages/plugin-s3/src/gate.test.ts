import { expect, test } from "vitest";
import { gate } from "./gate.ts";

test("so many at a time, in their order; who gives a place back twice gives one back", async () => {
  const { enter } = gate(2, 60_000);
  const [a, b] = [await enter(undefined), await enter(undefined)];
  const order: string[] = [];
  const c = enter(undefined).then((leave) => { order.push("c"); return leave; });
  const d = enter(undefined).then((leave) => { order.push("d"); return leave; });
  a();
  a();
  const leave = await c;
  await new Promise((turn) => { setImmediate(turn); });
  expect(order).toEqual(["c"]);
  b();
  leave();
  (await d)();
  const again = [await enter(undefined), await enter(undefined)];
  for (const go of again) go();
});

test("who is aborted leaves the queue, with the reason", async () => {
  const { enter } = gate(1, 60_000);
  const leave = await enter(undefined);
  const abort = new AbortController();
  const [gone, next] = [enter(abort.signal), enter(undefined)];
  abort.abort(new Error("enough"));
  await expect(gone).rejects.toThrow("enough");
  await expect(enter(AbortSignal.abort(new Error("before")))).rejects.toThrow("before");
  leave();
  (await next)();
});

test("nobody waits for ever where nothing ends", async () => {
  const { enter } = gate(1, 20);
  await enter(undefined);
  await expect(enter(undefined)).rejects.toMatchObject({ code: "MLS3003", fix: expect.stringContaining("close it") as string });
});
