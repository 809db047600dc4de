import { describe, expect, test } from "vitest";
import { z } from "zod";
import { failureType, FAILURE_FORMAT, json, list, optional, settled, type Settled } from "./index.ts";
import { memoryInput, testingDirs, throughFiles } from "./testing/dirs.ts";

const type = settled(json(z.number()));
const failed: Settled<number> = { ok: false, error: { code: "MLS4001", message: "the step \"score\" failed: \u{1F4A5} half \ud83d" } };

describe("settled", () => {
  test("is of the value's format, and reads failures too", () => {
    expect(type).toMatchObject({ format: "json/1", kind: "data", settled: { format: "json/1" }, codec: { reads: ["json/1", FAILURE_FORMAT] } });
    expect(settled(list(json())).items).toBeUndefined();
  });
  test("a value comes back", async () => {
    await throughFiles(type, { ok: true, value: 5 }, (back, dir) => { expect(back).toEqual({ ok: true, value: 5 }); expect(dir.files.map((f) => f.path)).toEqual(["value.json"]); });
  });
  test("a failure comes back, as canonical JSON", async () => {
    const dirs = await testingDirs();
    try {
      await type.codec.save(failed, dirs.output);
      const dir = await dirs.input();
      expect(await type.codec.load(dir, FAILURE_FORMAT)).toEqual(failed);
      expect(await failureType.codec.load(dir, FAILURE_FORMAT)).toEqual(failed.error);
      expect(Buffer.from(await dir.read("failure.json")).toString()).toBe(String.raw`{"code":"MLS4001","message":"the step \"score\" failed: 💥 half \ud83d"}`);
    } finally { await dirs.dispose(); }
  });
  test("what else a failure holds is not stored", async () => {
    await throughFiles(failureType, { code: "a", message: "b", stack: "secret" } as never, (back) => { expect(back).toEqual({ code: "a", message: "b" }); });
    expect(await failureType.codec.preview!({ code: "a", message: "b" })).toEqual({ type: "text", text: "a b" });
  });
  test("what is neither is refused", async () => {
    const dirs = await testingDirs();
    try {
      for (const value of [5, null, undefined, {}, { ok: "yes" }, { ok: false }, { ok: false, error: { code: 5, message: "" } }]) await expect(type.codec.save(value as never, dirs.output)).rejects.toMatchObject({ code: "MLS1009" });
    } finally { await dirs.dispose(); }
    for (const file of ["", "5", "null", "{}", '{"code":1,"message":""}']) await expect(type.codec.load(memoryInput({ "failure.json": file }), FAILURE_FORMAT)).rejects.toMatchObject({ code: "MLS3008" });
    await expect(type.codec.load(memoryInput({}), FAILURE_FORMAT)).rejects.toMatchObject({ code: "MLS3008" });
  });
  test("of a list needs the engine", async () => { await expect((async () => settled(list(json())).codec.load(memoryInput({}), "list/1"))()).rejects.toMatchObject({ code: "MLS9001" }); });
});

test("optional is its type, marked", () => {
  const item = list(json());
  expect(optional(item)).toEqual({ ...item, optional: true });
  expect(optional(optional(item))).toEqual(optional(item));
});
