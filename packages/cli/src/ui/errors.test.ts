import { MlstackError } from "@mlstack/core/errors";
import { expect, test } from "vitest";
import { printError } from "./errors.ts";
import type { Terminal } from "./terminal.ts";

function printed(e: unknown): string[] {
  const lines: string[] = [];
  const t: Terminal = { stream: process.stderr, isTTY: false, columns: 100, plain: true, style: (text) => text, line: (text = "") => { lines.push(text); } };
  printError(e, t);
  return lines;
}

test("what, why, and as the last line what mends it; lines of a message stand below each other", () => {
  expect(printed(new MlstackError("MLS8409", "x may reach more\r\nand more", { why: "it does", fix: "look" }))).toEqual(["error MLS8409  x may reach more\n        and more", "  why   it does", "  fix   look"]);
});

test("nothing that a registry or a step says moves the cursor or clears the screen", () => {
  expect(printed(new MlstackError("MLS8409", "x may reach env: \u001b[2J\u001b[1;1HTOKEN\u0007", { why: "\u001b]0;title\u0007why", fix: "f\u0000ix" }))).toEqual(["error MLS8409  x may reach env: TOKEN", "  why   why", "  fix   fix"]);
});
