import type { JournalEvent, RunObserver, RunReport, StepEnded } from "@mlstack/engine";
import type { Plan } from "@mlstack/pipeline";
import { ago, bytes, count, duration } from "./format.ts";
import { liveView, type LiveView } from "./live-view.ts";
import { mapProgress, type MapProgress } from "./map-progress.ts";
import { isCI, pad, printable, shorten, terminal, type Terminal } from "./terminal.ts";

/** Shows a run while it is going on: a live list on a terminal, one line per event elsewhere. */
export interface RunReporter {
  readonly observer: RunObserver;
  /** Prints a line among those of the run. */
  print(line: string): void;
  /** Prints how the run ended. */
  end(report: RunReport): void;
  /** Ends the view without a word, for a run that did not come to its end. */
  stop(): void;
}

/** What of the command's flags a view heeds. */
export interface ReporterFlags { readonly color?: boolean | undefined; readonly plain?: boolean | undefined; readonly verbose?: boolean | undefined }

/** How wide the column of names is at most. */
const NAME_WIDTH = 40;

export function runReporter(stream: NodeJS.WriteStream, { verbose, ...flags }: ReporterFlags = {}, now: () => number = Date.now): RunReporter {
  const t = terminal(stream, flags);
  const live: LiveView | undefined = t.isTTY && !isCI() ? liveView(t, now) : undefined;
  const write = (line: string) => (live === undefined ? t.line(line) : live.print(line));
  // on a screen a long name would break every line; elsewhere it is needed whole
  const nameOf = (node: string) => pad(t.isTTY ? shorten(node, Math.min(NAME_WIDTH, Math.max(12, t.columns - 30))) : node, width);
  let startedAt = now();
  let width = 0;
  let maps: MapProgress = mapProgress([]);

  function event(e: JournalEvent): void {
    if (e.kind === "step-started") { live?.running(e.node, e.attempt); return; }
    if (e.kind !== "step-ended") return;
    live?.ended(e.node);
    const item = maps.item(e);
    if (item !== undefined) {
      live?.note(item);
      // of a thousand items only those that went wrong are worth a line
      if (e.status === "failed" || verbose === true) write(lineOf(e, t, nameOf(e.node), now(), verbose));
      return;
    }
    write(maps.summary(e, t, nameOf(e.node)) ?? lineOf(e, t, nameOf(e.node), now(), verbose));
  }

  return {
    observer: {
      planned(run, plan: Plan, name?: string) {
        startedAt = now();
        maps = mapProgress(plan.nodes);
        const shown = plan.nodes.filter((n) => n.kind !== "choose").map((n) => n.id);
        width = Math.min(NAME_WIDTH, t.isTTY ? Math.max(12, t.columns - 30) : NAME_WIDTH, Math.max(0, ...shown.map((id) => id.length)));
        write(`${t.style("run", "dim")} ${run}  ${name === undefined ? "" : `${name}  `}${t.style(plan.pipeline.name, "bold")}  ${t.style(count(shown.length, "step"), "dim")}`);
        live?.start(shown);
      },
      event,
      launched(node, attempt) { live?.running(node, attempt); },
      kept(node) { live?.ended(node); write(`  ${t.style("=", "cyan")} ${nameOf(node)}  ${t.style("had finished before", "dim")}`); },
      waiting(message) { write(t.style(message, "dim")); },
      tracked(_id, url) { if (url !== undefined) write(`  ${t.style(`tracked at ${url}`, "dim")}`); },
      log(node, _attempt, line) { for (const text of line.text.split("\n")) write(`    ${t.style(`${t.isTTY ? shorten(node, NAME_WIDTH) : node} |`, "dim")} ${printable(text)}`); },
    },
    print: write,
    end(report) {
      live?.stop();
      for (const c of report.copied) t.line(t.style(`copied ${count(c.artifacts, "artifact")}, ${bytes(c.bytes)}, from ${c.from}: steps of this run needed them`, "dim"));
      for (const warning of report.warnings) t.line(`${t.style("warning", "yellow")}  ${warning}`);
      t.line(`${t.style(report.status, report.status === "completed" ? "green" : "red")} in ${duration(now() - startedAt)}: ${tally(report)}`);
    },
    stop: () => live?.stop(),
  };
}

/** How one step ended, on one line. */
function lineOf(e: StepEnded, t: Terminal, name: string, now: number, verbose: boolean | undefined): string {
  const took = duration(e.time - e.startedAt);
  switch (e.status) {
    case "cached": return `  ${t.style("=", "cyan")} ${name}  ${t.style(e.cache.state === "hit" ? `cached: made ${ago(e.cache.madeAt, now)}, took ${duration(e.cache.savedMs)} then` : "cached", "dim")}`;
    case "completed": {
      const uncached = e.cache.state === "uncached" ? t.style(`  not cached: ${e.cache.reasons.slice(0, verbose === true ? undefined : 1).map((r) => r.message).join("; ")}`, "dim") : "";
      const differs = e.cache.state === "lost-race" && e.cache.nonDeterministic ? t.style("  gave another result than an earlier execution with the same key", "yellow") : "";
      return `  ${t.style("✓", "green")} ${name}  ${took}${uncached}${differs}`;
    }
    case "failed": return `  ${t.style("✗", "red")} ${name}  ${took}  ${t.style(e.retried === true ? `failed, will be tried again: ${firstLine(e.error?.message)}` : firstLine(e.error?.message), "red")}`;
    case "skipped": return `  ${t.style("-", "dim")} ${name}  ${t.style(e.condition === undefined ? firstLine(e.error?.message ?? "not started") : `skipped: ${e.condition} said otherwise`, "dim")}`;
    default: return `  ${t.style("-", "yellow")} ${name}  ${e.status}`;
  }
}

const firstLine = (text: string | undefined): string => (text ?? "").split("\n", 1)[0]!;

/** `3 ran, 2 cached`. */
export function tally(report: RunReport): string {
  const by = new Map<string, number>();
  for (const { status, node } of report.nodes.values()) if (node.kind === "step") by.set(status, (by.get(status) ?? 0) + 1);
  const words: Record<string, string> = { completed: "ran", cached: "cached", failed: "failed", skipped: "not started", cancelled: "cancelled" };
  return Object.entries(words).flatMap(([status, word]) => (by.has(status) ? [`${by.get(status)} ${word}`] : [])).join(", ");
}
