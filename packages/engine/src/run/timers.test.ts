import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { after, pause } from "./timers.ts";

beforeEach(() => { vi.useFakeTimers(); });
afterEach(() => { vi.useRealTimers(); });
const MONTH = 31 * 24 * 3600 * 1000;

test("a wait of months is no wait of one millisecond", async () => {
  let called = 0;
  after(2 * MONTH, () => called++);
  const stop = after(MONTH, () => { called += 100; });
  await vi.advanceTimersByTimeAsync(MONTH - 1);
  stop();
  expect(called).toBe(0);
  await vi.advanceTimersByTimeAsync(MONTH + 1);
  expect(called).toBe(1);
});

test("a pause ends with its signal, and says so", async () => {
  const abort = new AbortController();
  const [whole, cut] = [pause(MONTH, new AbortController().signal), pause(Infinity, abort.signal)];
  await vi.advanceTimersByTimeAsync(MONTH);
  abort.abort();
  expect(await Promise.all([whole, cut, pause(1, abort.signal)])).toEqual([true, false, false]);
});
