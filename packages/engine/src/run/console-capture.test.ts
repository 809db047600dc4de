import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { consoleCapture } from "./console-capture.ts";

function stream() {
  const written: string[] = [];
  return { written, write: (text: string) => { written.push(text); return true; } } as unknown as NodeJS.WriteStream & { written: string[] };
}

test("keeps apart what steps that run side by side print, and what the rest prints", async () => {
  const [stdout, stderr] = [stream(), stream()];
  const original = stdout.write;
  const capture = consoleCapture({ streams: { stdout, stderr } });
  const lines: Record<string, string[]> = { a: [], b: [] };
  const work = (name: "a" | "b") => capture.run((text, from) => lines[name]!.push(`${from} ${text}`), async () => { stdout.write("1"); await sleep(5); stderr.write("2"); capture.outside(() => stdout.write(`outside ${name}`)); });
  const both = Promise.all([work("a"), work("b")]);
  stdout.write("rest");
  await both;
  capture.close();
  expect(lines).toEqual({ a: ["stdout 1", "stderr 2"], b: ["stdout 1", "stderr 2"] });
  expect(stdout.written.toSorted()).toEqual(["outside a", "outside b", "rest"]);
  expect(stdout.write).toBe(original);
});

test("a sink may print", () => {
  const [stdout, stderr] = [stream(), stream()];
  const capture = consoleCapture({ streams: { stdout, stderr } });
  capture.run((text) => capture.outside(() => stdout.write(`sink: ${text}`)), () => stdout.write("x"));
  capture.close();
  expect(stdout.written).toEqual(["sink: x"]);
});

test("what goes to no sink is told without what is to be hidden, in texts and bytes", () => {
  const [stdout, stderr] = [stream(), stream()];
  const capture = consoleCapture({ streams: { stdout, stderr }, hide: (text) => text.replaceAll("canary", "[secret]") });
  const noText = new Uint8Array([0xff, 0xfe, 0]);
  stdout.write("a canary");
  stdout.write(Buffer.from("a canary"));
  stdout.write(noText);
  capture.close();
  expect(stdout.written.map(String)).toEqual(["a [secret]", "a [secret]", String(noText)]);
  expect(stdout.written[2]).toBe(noText);
});
