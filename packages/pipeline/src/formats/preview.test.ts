import type { JsonValue } from "@mlstack/core";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jsonPreview, PREVIEW_BYTES, textPreview } from "./preview.ts";

const shown = (json: JsonValue): { text: string; parsed: unknown; bytes: number } => {
  const preview = jsonPreview(json) as { text: string };
  return { text: preview.text, parsed: JSON.parse(preview.text), bytes: Buffer.byteLength(JSON.stringify(preview)) };
};

describe("a preview", () => {
  it("is the whole value where it is short", () => {
    expect(shown({ a: [1, "ä"] }).text).toBe('{\n  "a": [\n    1,\n    "ä"\n  ]\n}');
    expect(textPreview("a\r\n")).toEqual({ type: "text", text: "a\r\n" });
    const most = "x".repeat(PREVIEW_BYTES - JSON.stringify({ type: "text", text: "" }).length);
    expect(textPreview(most)).toEqual({ type: "text", text: most });
    expect(textPreview(`${most}x`)).toMatchObject({ text: expect.stringContaining("characters)") as unknown });
  });

  it("of a long JSON value is well-formed, short, and says that there is more", () => {
    const deep = Array.from({ length: 990 }).reduce<JsonValue>((inner) => [inner, "x".repeat(100)], 1);
    const long: JsonValue[] = [
      Array.from({ length: 1_000_000 }, (_, i) => i), "ä".repeat(1_000_000), { k: [`x${"\ud83d\ude00".repeat(100_000)}`] }, { [`x${"\ud83d\ude00".repeat(100_000)}`]: 1 }, deep,
      Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`key ${i}`, { a: i, b: "\n".repeat(50) }])), { ["k".repeat(200_000)]: 1 },
    ];
    for (const json of long) {
      const { text, bytes } = shown(json);
      expect(bytes).toBeLessThanOrEqual(PREVIEW_BYTES);
      expect(text).toMatch(/… |… \(|more/);
      expect(text).not.toMatch(/\p{Surrogate}|\\ud[89a-f]/u);
    }
    expect((shown(long[0]!).parsed as unknown[]).at(-1)).toMatch(/^… \d+ more$/);
  });

  it("of any JSON value fits and parses", () => {
    fc.assert(fc.property(fc.jsonValue(), fc.nat({ max: 20_000 }), (json, times) => {
      expect(shown(Array.from({ length: times }, () => json as JsonValue)).bytes).toBeLessThanOrEqual(PREVIEW_BYTES);
    }), { numRuns: 30 });
  });

  it("of a long text ends at a character, with its length", () => {
    for (const character of ["x", "ä", "€", "\ud83d\ude00", "\n", "\u0000", 'x"\n']) {
      const preview = textPreview(`a${character.repeat(100_000)}`) as { text: string };
      const { text } = preview;
      expect(Buffer.byteLength(JSON.stringify(preview))).toBeLessThanOrEqual(PREVIEW_BYTES);
      expect(Buffer.byteLength(JSON.stringify(preview))).toBeGreaterThan(PREVIEW_BYTES * 0.99);
      expect(text).toMatch(/\n… \(\d+ characters\)$/);
      expect(text).not.toMatch(/\p{Surrogate}/u);
    }
  });
});
