import { duration } from "./format.ts";
import { liveRegion } from "./live-region.ts";
import { clip, shorten, widthOf, type Terminal } from "./terminal.ts";

const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const MOST = 8;

/** The moving part below the printed lines: what is running, and how much is left. */
export interface LiveView {
  start(nodes: readonly string[]): void;
  running(node: string, attempt: number): void;
  ended(node: string): void;
  /** Shows a line of progress, in the place of an earlier one, until the next step ends. */
  note(text: string): void;
  /** Prints lines above the moving part. */
  print(text: string): void;
  stop(): void;
}

export function liveView(t: Terminal, now: () => number): LiveView {
  const region = liveRegion(t.stream);
  const running = new Map<string, { since: number; attempt: number }>();
  let left = 0;
  let frame = 0;
  let note = "";
  let top = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  const lines = () => {
    const columns = t.columns - 1;
    const shown = [...running].slice(0, MOST).map(([node, r]) => {
      const took = `${duration(now() - r.since)}${r.attempt > 1 ? `, attempt ${r.attempt}` : ""}`;
      return `  ${t.style(FRAMES[frame]!, "cyan")} ${shorten(node, Math.max(8, columns - 6 - widthOf(took)))}  ${t.style(took, "dim")}`;
    });
    if (note !== "") shown.push(t.style(clip(`    ${note}`, columns), "dim"));
    const waiting = left - [...running.keys()].filter((node) => top.has(node)).length;
    if (running.size > MOST || waiting > 0) shown.push(t.style(clip(`    ${running.size > MOST ? `${running.size - MOST} more running, ` : ""}${waiting} waiting`, columns), "dim"));
    return shown;
  };
  const draw = () => { if (timer !== undefined) region.draw(lines()); };
  return {
    start(nodes) {
      top = new Set(nodes);
      left = nodes.length;
      timer = setInterval(() => { frame = (frame + 1) % FRAMES.length; draw(); }, 100);
      timer.unref();
    },
    running(node, attempt) {
      // handed over and begun are two words about one attempt
      if (running.get(node)?.attempt === attempt) return;
      running.set(node, { since: now(), attempt });
      draw();
    },
    ended(node) {
      running.delete(node);
      // items of a map come and go; what is waiting is told by the plan's own nodes
      if (top.delete(node)) { left--; note = ""; }
    },
    note(text) { note = text; },
    print(text) { if (timer === undefined) t.line(text); else region.draw(lines(), `${text}\n`); },
    stop() { clearInterval(timer); timer = undefined; region.end(); },
  };
}
