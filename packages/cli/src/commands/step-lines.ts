import type { DataOf } from "../json/documents.ts";
import { bytes, count, duration } from "../ui/format.ts";
import { shorten, type Terminal } from "../ui/terminal.ts";
import { colored } from "./run-list.ts";

type Step = DataOf<"run-show">["steps"][number];

/** One line of a run's list of steps. */
export interface StepLine { readonly name: string; readonly status: string; readonly took: string; readonly made: string }

/** A line per step. The items of a map are one line per step of its body, with how many ended how; with `all` each has its own. */
export function stepLines(steps: readonly Step[], t: Terminal, all: boolean): StepLine[] {
  const groups = new Map<string, Step[]>();
  for (const step of steps) {
    const name = all ? step.step : step.step.split("@", 1)[0]!;
    // a map and a step of its body have names of their own
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [step]); else group.push(step);
  }
  return [...groups].map(([name, group]) => (group[0]!.step === name ? lineOf(group[0]!, t) : { name: `${name}  ${t.style(`× ${group.length}`, "dim")}`, status: tally(group, t), took: "", made: "" }));
}

function lineOf(s: Step, t: Terminal): StepLine {
  const made = s.condition !== null ? t.style(`${s.condition} said otherwise`, "dim")
    : s.error !== null ? t.style(`${s.error.name ?? s.error.code}: ${s.error.message.split("\n", 1)[0]}`, s.status === "failed" ? "red" : "dim")
    : s.outputs.map((o) => `${o.output} ${t.style(`${o.format} ${bytes(o.size)}`, "dim")}`).join(", ");
  return { name: t.isTTY ? shorten(s.step, 60) : s.step, status: colored(t, s.status), took: s.status === "cached" || s.endedAt === null ? "" : duration(s.ms ?? 0), made };
}

function tally(steps: readonly Step[], t: Terminal): string {
  const by = new Map<Step["status"], number>();
  for (const { status } of steps) by.set(status, (by.get(status) ?? 0) + 1);
  if (by.size === 1) return colored(t, steps[0]!.status);
  return [...by].map(([status, n]) => `${n} ${colored(t, status)}`).join(", ");
}

/** What `--all` would add; undefined where there is nothing. */
export function hint(steps: readonly Step[], run: string): string | undefined {
  const hidden = steps.filter((s) => s.step.includes("@")).length;
  return hidden === 0 ? undefined : `${count(hidden, "step")} of items: mlstack run show ${run} --all`;
}
