import { isObjectKey } from "@mlstack/core";
import { describe, expect, it } from "vitest";

/**
 * The key rule that every store can keep, which `isObjectKey` has: segments of 1 to 200 characters that do not end with a dot (Azure
 * cuts it off), at most 32 of them (hierarchical namespaces: 63, Azure: 254), and as now at most 512 characters in all. 200 leaves a
 * store room for a suffix within the 255 bytes of a file's name.
 */
const isPortableKey = isObjectKey;

describe("object keys", () => {
  it.each(["a./b", "a.", "a".repeat(201), Array.from({ length: 33 }, () => "a").join("/")])("no store is asked to keep %s", (key) => {
    expect(isPortableKey(key)).toBe(false);
  });

  it.each([
    `cas/sha256/ab/${"ab".repeat(32)}`, `ac/main/${"ab".repeat(32)}`, "journal/0198c1f2-7c1e-7d2a-9f00-1b2c3d4e5f60/train@12/1/end-1.json", "roots/5b8f/0198c1f2",
  ])("the engine's own layout fits: %s", (key) => { expect(isPortableKey(key)).toBe(true); });
});
