import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { waiting } from "./waiting.ts";

beforeEach(() => { vi.useFakeTimers(); });
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});
/** The lines that were printed. */
function printed(): () => string[] {
  const spy = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  return () => spy.mock.calls.map(([chunk]) => String(chunk).trimEnd());
}
const FLAGS = { color: false };
const still = (who: string, time: string): string => `${who}, for ${time} so far: a registry that does not answer is asked again, as the settings say (of npm's: fetch-retries). Ctrl-C ends it`;

test("who is at work is said at once, and after a while how long that lasts and what for", () => {
  const [lines, wait] = [printed(), waiting(FLAGS)];
  wait.begins("fetching 1 package");
  vi.advanceTimersByTime(14_000);
  wait.begins("npm is at work");
  vi.advanceTimersByTime(14_000);
  expect(lines()).toEqual(["fetching 1 package", "npm is at work"]);
  vi.advanceTimersByTime(61_000);
  expect(lines().slice(2)).toEqual([still("npm is at work", "15.0 s"), still("npm is at work", "1 min 15 s")]);
  wait.ends();
  vi.advanceTimersByTime(600_000);
  expect(lines()).toHaveLength(4);
});

test.each([{ quiet: true }, { json: true }])("not with %j", (flags) => {
  const [lines, wait] = [printed(), waiting({ ...FLAGS, ...flags })];
  wait.begins("npm is at work");
  vi.advanceTimersByTime(600_000);
  expect(lines()).toEqual([]);
});
