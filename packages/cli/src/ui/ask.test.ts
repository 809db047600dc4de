import { EventEmitter } from "node:events";
import { afterEach, expect, test, vi } from "vitest";
import { askHidden, canAsk, confirm } from "./ask.ts";

afterEach(() => { vi.restoreAllMocks(); });

/** A terminal that writes down what is done with it, and on which somebody types as soon as a question is there. */
function terminal(typed: string): string[] {
  const done: string[] = [];
  const stdin = Object.assign(new EventEmitter(), {
    isTTY: true, isRaw: false, setRawMode: (raw: boolean) => void done.push(raw ? "raw" : "cooked"), setEncoding: () => undefined, resume: () => undefined, pause: () => undefined,
  });
  vi.spyOn(process, "stdin", "get").mockReturnValue(stdin as unknown as typeof process.stdin);
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    done.push(String(text));
    if (String(text) !== "\n") queueMicrotask(() => stdin.emit("data", typed));
    return true;
  });
  return done;
}

test("a terminal shows nothing any more when the question is there, and is as before in the end", async () => {
  const done = terminal("hunter2\r");
  expect(await askHidden("value: ")).toBe("hunter2");
  expect(done).toEqual(["raw", "value: ", "cooked", "\n"]);
});

test("and so after Ctrl-C", async () => {
  const done = terminal("hun\u0003");
  await expect(askHidden("value: ")).rejects.toMatchObject({ code: "MLS4003" });
  expect(done).toEqual(["raw", "value: ", "cooked", "\n"]);
});

test("with --no-input nobody is asked at a terminal, and the error says what to give", async () => {
  terminal("y\r");
  expect(canAsk({ input: false })).toBe(false);
  await expect(confirm("Delete it?", { input: false })).rejects.toMatchObject({ code: "MLS7001", why: "--no-input is given", fix: "add --yes" });
  await confirm("Delete it?", { input: false, yes: true });
});
