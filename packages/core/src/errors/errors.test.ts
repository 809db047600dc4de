import { expect, test, vi } from "vitest";
import { ERROR_CODES } from "./codes.ts";
import { deserializeError, MlstackError, serializeError } from "./mlstack-error.ts";
import { didYouMean, nameList } from "./suggest.ts";

test("an error survives JSON with its causes", () => {
  const inner = new TypeError("no such column");
  const error = new MlstackError("MLS1005", "bad", { why: "because", fix: "do it", details: { a: 1 }, cause: inner });
  const back = deserializeError(JSON.parse(JSON.stringify(error)));
  expect(MlstackError.is(back, "MLS1005")).toBe(true);
  expect(back).toMatchObject({ message: "bad", why: "because", fix: "do it", details: { a: 1 } });
  expect((back.cause as Error).name).toBe("TypeError");
});

test("an error of another copy of the package is recognised", async () => {
  vi.resetModules();
  const copy = await import("./mlstack-error.ts");
  const foreign = new copy.MlstackError("MLS3001", "gone");
  expect(foreign).not.toBeInstanceOf(MlstackError);
  expect(MlstackError.is(foreign, "MLS3001")).toBe(true);
  expect(MlstackError.is(new Error("x"))).toBe(false);
});

test("whatever is thrown can be kept", () => {
  expect(serializeError("text").message).toBe("text");
  expect(serializeError(undefined).message).toContain("undefined");
  const loop = new Error("a");
  loop.cause = loop;
  expect(JSON.stringify(serializeError(loop)).length).toBeLessThan(100_000);
});

test("codes have an exit code and a sentence", () => {
  for (const [code, { exit, title }] of Object.entries(ERROR_CODES)) {
    expect(code).toMatch(/^MLS[1-9]\d{3}$/);
    expect([1, 2, 3, 4, 5, 6, 130]).toContain(exit);
    expect(title).toMatch(/^[A-Z]/);
  }
});

test("suggestions are near, or none", () => {
  expect(didYouMean("trian_model", ["train_model", "evaluate"])).toBe("train_model");
  expect(didYouMean("xyz", ["train_model"])).toBeUndefined();
  expect(didYouMean("x", ["d"])).toBeUndefined();
  expect(nameList(["a", "b", "c"])).toBe('"a", "b" and "c"');
});
