import type { StepEnded } from "@mlstack/engine";
import { everyPlanNode, type PlanNode } from "@mlstack/pipeline";
import { count } from "./format.ts";
import type { Terminal } from "./terminal.ts";

type Counts = { completed: number; cached: number; failed: number; other: number };

/** Counts the items of maps, which are too many to be shown one by one. */
export interface MapProgress {
  /** Takes the end of an item's step; what there is to say of its map, or undefined for other steps. */
  item(event: StepEnded): string | undefined;
  /** The line for the end of a map; undefined for other nodes. */
  summary(event: StepEnded, t: Terminal, name: string): string | undefined;
}

export function mapProgress(nodes: readonly PlanNode[]): MapProgress {
  const mapOf = new Map<string, string>();
  const counts = new Map<string, Counts>();
  for (const node of nodes) {
    if (node.kind !== "map") continue;
    counts.set(node.id, { completed: 0, cached: 0, failed: 0, other: 0 });
    for (const inner of everyPlanNode(node.body)) mapOf.set(inner.id, node.id);
  }
  return {
    item({ node, status, retried }) {
      const map = node.includes("@") ? mapOf.get(node.split("@", 1)[0]!) : undefined;
      const c = map === undefined ? undefined : counts.get(map);
      if (map === undefined || c === undefined) return undefined;
      if (retried !== true) c[status === "completed" || status === "cached" || status === "failed" ? status : "other"]++;
      return `${map}: ${words(c)}`;
    },
    summary({ node, status, error }, t, name) {
      const c = counts.get(node);
      if (c === undefined || status === "skipped") return undefined;
      const mark = status === "completed" ? t.style("✓", "green") : t.style("✗", "red");
      return `  ${mark} ${name}  ${words(c)}${error === undefined ? "" : t.style(`  ${error.message.split("\n", 1)[0] ?? ""}`, "red")}`;
    },
  };
}

function words({ completed, cached, failed, other }: Counts): string {
  const parts = [`${completed} ran`, ...(cached > 0 ? [`${cached} cached`] : []), ...(failed > 0 ? [`${failed} failed`] : []), ...(other > 0 ? [`${other} left out`] : [])];
  return `${count(completed + cached + failed + other, "call")}: ${parts.join(", ")}`;
}
