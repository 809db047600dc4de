import { expect, test } from "vitest";
import { fakeClock, systemClock } from "./clock.ts";
import { memoryStack } from "./memory/memory-stack.ts";

test("a clock stands still until it is told to go on, and wakes sleepers in their order", async () => {
  const clock = fakeClock(1000);
  const woken: string[] = [];
  const sleep = async (name: string, ms: number) => { await clock.sleep(ms); woken.push(`${name} ${clock.now()}`); };
  const all = [sleep("late", 50), sleep("early", 10), (async () => { await sleep("twice", 20); await sleep("again", 20); })()];
  expect([clock.now(), clock.sleepers]).toEqual([1000, 3]);
  await clock.advance(9);
  expect(woken).toEqual([]);
  await clock.advance(100);
  await Promise.all(all);
  expect([woken, clock.now(), clock.sleepers]).toEqual([["early 1010", "twice 1020", "again 1040", "late 1050"], 1109, 0]);
});

test.each([["fake", fakeClock()], ["the machine's", systemClock]] as const)("a sleeper hears of a signal (%s)", async (_, clock) => {
  const stop = new AbortController();
  const slept = clock.sleep(3_600_000, { signal: stop.signal });
  stop.abort(new Error("enough"));
  await expect(slept).rejects.toThrow("enough");
  await expect(clock.sleep(1, { signal: stop.signal })).rejects.toThrow("enough");
  await clock.sleep(0);
});

test("components in memory take the time from the clock that they are given", async () => {
  const clock = fakeClock(new Date("2026-05-01T00:00:00Z"));
  const { store, secrets } = memoryStack({ clock, secrets: { first: "1" } });
  await store.put("a", { kind: "bytes", bytes: new Uint8Array(1) });
  await clock.advance(60_000);
  await store.put("b", { kind: "bytes", bytes: new Uint8Array(1) });
  await secrets.set!("second", "2");
  const times = [];
  for await (const { modifiedAt } of store.list("")) times.push(modifiedAt.toISOString());
  expect(times).toEqual(["2026-05-01T00:00:00.000Z", "2026-05-01T00:01:00.000Z"]);
  expect(await secrets.list!()).toEqual([{ name: "first", changedAt: new Date("2026-05-01T00:00:00Z") }, { name: "second", changedAt: new Date("2026-05-01T00:01:00Z") }]);
});
