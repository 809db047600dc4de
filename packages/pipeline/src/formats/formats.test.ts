import { parseFormatId } from "@mlstack/core";
import { describe, expect, it } from "vitest";
import { bytes, json, list, npy, storedDirectory, storedFile, text } from "./index.ts";
import { memoryInput, testingDirs } from "./testing/dirs.ts";

describe("every format", () => {
  const makers = { json: () => json(), text, bytes, npy, storedFile, storedDirectory, list: () => list(json()) };
  it.each(Object.entries(makers))("%s has an id, reads what it writes, and is a fresh object", (_, make) => {
    const type = make();
    expect(parseFormatId(type.format)).toMatchObject({ major: 1 });
    expect(type.codec.reads).toEqual([type.format]);
    expect(type.kind).toBe("data");
    expect(make()).not.toBe(type);
    expect(make().codec).not.toBe(type.codec);
  });

  it("has an id of its own", () => {
    expect(Object.values(makers).map((make) => make().format)).toEqual(["json/1", "text/1", "bytes/1", "npy/1", "file/1", "directory/1", "list/1"]);
  });
});

describe("list()", () => {
  it("names the type of its items and is of their kind", () => {
    const item = json(undefined, { kind: "model" });
    expect(list(item).items).toBe(item);
    expect(list(item).kind).toBe("model");
    expect(list(list(item)).items.items).toBe(item);
    expect(json().items).toBeUndefined();
  });

  it("has a codec that is never called", async () => {
    const dirs = await testingDirs();
    expect(() => list(json()).codec.save([1], dirs.output)).toThrow(expect.objectContaining({ code: "MLS9001" }));
    expect(() => list(json()).codec.load(memoryInput({}), "list/1")).toThrow(expect.objectContaining({ code: "MLS9001" }));
    await dirs.dispose();
  });
});
