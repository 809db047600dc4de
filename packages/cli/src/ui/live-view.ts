import { createLogUpdate } from "log-update";
import { duration } from "./format.ts";
import type { Terminal } from "./terminal.ts";

const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const MOST = 8;

/** The moving part below the printed lines: what is running, and how much is left. */
export interface LiveView {
  start(nodes: readonly string[]): void;
  running(node: string, attempt: number): void;
  ended(node: string): void;
  /** Shows a line of progress, in the place of an earlier one, until the next step ends. */
  note(text: string): void;
  /** Prints a line above the moving part. */
  print(line: string): void;
  stop(): void;
}

export function liveView(t: Terminal, now: () => number): LiveView {
  const update = createLogUpdate(t.stream);
  const running = new Map<string, { since: number; attempt: number }>();
  let left = 0;
  let frame = 0;
  let note = "";
  let top = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  const draw = () => {
    frame = (frame + 1) % FRAMES.length;
    const lines = [...running].slice(0, MOST).map(([node, r]) => `  ${t.style(FRAMES[frame]!, "cyan")} ${node}  ${t.style(`${duration(now() - r.since)}${r.attempt > 1 ? `, attempt ${r.attempt}` : ""}`, "dim")}`);
    if (note !== "") lines.push(t.style(`    ${note}`, "dim"));
    const waiting = left - [...running.keys()].filter((node) => top.has(node)).length;
    if (running.size > MOST || waiting > 0) lines.push(t.style(`    ${running.size > MOST ? `${running.size - MOST} more running, ` : ""}${waiting} waiting`, "dim"));
    update(lines.join("\n"));
  };
  return {
    start(nodes) {
      top = new Set(nodes);
      left = nodes.length;
      timer = setInterval(draw, 100);
      timer.unref();
    },
    running(node, attempt) { running.set(node, { since: now(), attempt }); draw(); },
    ended(node) {
      running.delete(node);
      // items of a map come and go; what is waiting is told by the plan's own nodes
      if (top.delete(node)) { left--; note = ""; }
    },
    note(text) { note = text; },
    print(line) { update.clear(); t.line(line); if (timer !== undefined) draw(); },
    stop() { clearInterval(timer); timer = undefined; update.clear(); update.done(); },
  };
}
