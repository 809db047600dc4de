import type { StepSpec } from "@mlstack/core";
import { readObjectLogs } from "../journal/object-journal.ts";
import { layout } from "../store/layout.ts";
import type { Drive } from "./drive.ts";

const FOLLOW_EVERY_MS = 1000;

/** Shows and keeps what a step elsewhere prints, while it prints it. */
export function followLogs(d: Drive, spec: StepSpec): { stop(): Promise<void> } {
  const seen = new Set<string>();
  const prefix = `${layout.journal(spec.runId, spec.node, spec.attempt, "log")}-`;
  const read = async () => {
    for (const part of await readObjectLogs(d.io.content.store, prefix, seen)) {
      d.logs?.keep(spec.runId, part);
      for (const line of part.lines) d.io.onLog(spec.node, spec.attempt, line);
    }
  };
  let reading: Promise<void> = Promise.resolve();
  const timer = setInterval(() => { reading = reading.then(read).catch(() => undefined); }, FOLLOW_EVERY_MS);
  return { stop: async () => { clearInterval(timer); await reading; await read(); } };
}
