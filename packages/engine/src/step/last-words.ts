import { AsyncLocalStorage } from "node:async_hooks";
import { writeSync } from "node:fs";
import type { Redactor } from "@mlstack/core";

/** Knows which step a process runs, and what an earlier one has left behind. */
export interface LastWords {
  /** Runs a step; whatever it starts and leaves behind goes by its name. */
  of<T>(step: string, work: () => Promise<T>): Promise<T>;
}

/**
 * Sees to it that a process which ends in the middle of a step says why: all that is left of it is what it printed last. Says so for a call of
 * `process.exit`, and for an error that nobody catches, with the step whose code it came from: a timer of one that has ended long ago, maybe.
 */
export function lastWords(redactor: () => Redactor | undefined = () => undefined): LastWords {
  const owner = new AsyncLocalStorage<string>();
  const running = new Set<string>();
  const say = (text: string) => { try { writeSync(2, `mlstack: ${text}\n`); } catch { /* nobody listens any more */ } };
  const exit = process.exit.bind(process);
  process.exit = (code?: number | string | null): never => {
    if (running.size > 0) say(`the step ${named(owner.getStore())} called process.exit(${code ?? ""})${callerOf(new Error("exit"))}`);
    return exit(code);
  };
  process.on("uncaughtExceptionMonitor", (error) => {
    const known = redactor();
    if (known !== undefined) hideIn(error, known);
    const step = owner.getStore();
    if (running.size === 0) return;
    if (step === undefined) say("an error was thrown that belongs to no call of a step, so nobody could catch it");
    else if (running.has(step)) say(`an error was thrown outside of what the step "${step}" waits for, such as in a timer or an event, so nobody could catch it`);
    else say(`an error was thrown by something that the step "${step}" had left behind, such as a timer: it had ended, and takes ${named([...running][0])} with it`);
  });
  return {
    async of(step, work) {
      running.add(step);
      try { return await owner.run(step, work); } finally { running.delete(step); }
    },
  };
}

const named = (step: string | undefined): string => (step === undefined ? "that is running" : JSON.stringify(step));

/** The first place outside of this file and of Node in an error's stack. */
function callerOf(error: Error): string {
  const line = (error.stack ?? "").split("\n").slice(2).find((l) => !l.includes("node:") && !l.includes("last-words"));
  return line === undefined ? "" : `\n${line}`;
}

/** Takes secrets out of an error itself: it is Node that prints it. */
function hideIn(error: unknown, redactor: Redactor, depth = 0): void {
  if (!(error instanceof Error) || depth > 16) return;
  for (const key of new Set<PropertyKey>(["stack", ...Reflect.ownKeys(error)])) {
    try {
      const value: unknown = Reflect.get(error, key);
      if (value instanceof Error) { hideIn(value, redactor, depth + 1); continue; }
      const clean = redactor.data(value);
      if (clean !== value) Object.defineProperty(error, key, { value: clean, configurable: true, writable: true, enumerable: Object.prototype.propertyIsEnumerable.call(error, key) });
    } catch { /* what can't be read or changed is left */ }
  }
}
