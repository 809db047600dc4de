import { findStepOrArtifact, readLineage, type Lineage, type LineageNode } from "@mlstack/engine";
import { ago, bytes } from "../ui/format.ts";
import { iso, stderr, stdout, writeJson, type GlobalFlags } from "../ui/output.ts";
import type { Terminal } from "../ui/terminal.ts";
import { withReader } from "./with-engine.ts";

interface LineageFlags extends GlobalFlags { readonly up?: boolean; readonly down?: boolean; readonly depth?: number; readonly mermaid?: boolean }

/** `mlstack lineage ARTIFACT`. */
export async function lineage(name: string, flags: LineageFlags): Promise<void> {
  await withReader(flags, async ({ records }) => {
    const direction = flags.up === flags.down ? "both" : flags.up === true ? "up" : "down";
    const found = await readLineage(records, await findStepOrArtifact(records, name), { direction, depth: flags.depth });
    if (flags.json === true) { writeJson("lineage", { start: [...found.start], truncated: found.truncated, nodes: found.nodes.map((n) => (n.kind === "step" ? { ...n, at: iso(n.at) } : { ...n })), edges: found.edges.map((e) => ({ ...e })) }); return; }
    if (flags.mermaid === true) stdout(flags).line(mermaid(found)); else print(found, direction, stdout(flags), flags.verbose === true ? Infinity : 12);
    if (found.truncated) stderr(flags).line(stderr(flags).style(`there is more${flags.depth === undefined ? "" : "; more of it: --depth"}`, "dim"));
  });
}

/** Node ids that Mermaid takes, with a text in quotes. */
function mermaid({ nodes, edges }: Lineage): string {
  const ids = new Map(nodes.map((n, i) => [n.id, `n${i}`]));
  const quoted = (text: string) => `"${text.replaceAll('"', "#quot;")}"`;
  const shape = (n: LineageNode) => (n.kind === "step" ? `[${quoted(`${n.step}<br/>run ${n.run}`)}]` : n.kind === "artifact" ? `([${quoted(`${n.artifact.slice(n.artifact.indexOf("/") + 1)}<br/>${n.digest.slice(0, 12)}`)}])` : `[(${quoted(n.uri)})]`);
  return ["flowchart LR", ...nodes.map((n) => `  ${ids.get(n.id)}${shape(n)}`), ...edges.map((e) => `  ${ids.get(e.from)} -->|${quoted(e.port)}| ${ids.get(e.to)}`)].join("\n");
}

/** @param most of what a step was given, or what was made of an artifact, as lines below it: a map may have thousands of items */
function print({ start, nodes, edges }: Lineage, direction: "up" | "down" | "both", t: Terminal, most: number): void {
  const byId = new Map(nodes.map((n) => [n.id, n]));
  const text = (n: LineageNode): string => {
    if (n.kind === "artifact") return `${t.style(n.artifact.slice(n.artifact.indexOf("/") + 1), "bold")}  ${t.style(`${n.format}, ${bytes(n.size)}, ${n.digest.slice(0, 12)}`, "dim")}`;
    if (n.kind === "data") return `${t.style(n.uri, "bold")}  ${t.style(n.digest === null ? "external data" : `external data, ${n.digest.slice(0, 12)}`, "dim")}`;
    return `${t.style(n.step, "cyan")}  ${t.style(`run ${n.run}${n.at === null ? "" : `, ${ago(n.at, Date.now())}`}${n.runs === null || n.runs < 2 ? "" : `, used in ${n.runs} runs`}`, "dim")}`;
  };
  const seen = new Set<string>();
  const tree = (id: string, side: "from" | "to", indent: string): void => {
    const all = edges.filter((e) => e[side === "from" ? "to" : "from"] === id);
    const next = all.length > most ? all.slice(0, most - 1) : all;
    for (const [i, e] of next.entries()) {
      const other = byId.get(e[side])!;
      const isLast = i === all.length - 1;
      const again = seen.has(`${side} ${other.id}`);
      seen.add(`${side} ${other.id}`);
      const isOwnName = other.kind === "step" ? side === "from" : other.kind === "artifact" && other.artifact.endsWith(`.${e.port}`);
      t.line(`${indent}${isLast ? "└─" : "├─"} ${isOwnName ? "" : `${e.port}: `}${text(other)}${again && edges.some((x) => x[side === "from" ? "to" : "from"] === other.id) ? t.style("  (shown above)", "dim") : ""}`);
      if (!again) tree(other.id, side, `${indent}${isLast ? "   " : "│  "}`);
    }
    if (next.length < all.length) t.line(`${indent}└─ ${t.style(`and ${all.length - next.length} more: --verbose`, "dim")}`);
  };
  for (const id of start) {
    t.line(text(byId.get(id)!));
    for (const [side, head, none] of [["from", "made by", "nothing is recorded of what made it"], ["to", "used by", "no run has used it"]] as const) {
      if (direction !== "both" && (direction === "up") !== (side === "from")) continue;
      const has = edges.some((e) => e[side === "from" ? "to" : "from"] === id);
      t.line(t.style(has ? head : none, "dim"));
      tree(id, side, "  ");
    }
  }
}
