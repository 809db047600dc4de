import { MlstackError } from "@mlstack/core";
import { explainStep, type Explanation } from "@mlstack/engine";
import { ago } from "../ui/format.ts";
import { iso, stdout, writeJson, type GlobalFlags } from "../ui/output.ts";
import type { Terminal } from "../ui/terminal.ts";
import { withReader } from "./with-engine.ts";

/** `mlstack why RUN/STEP`. */
export async function why(name: string, flags: GlobalFlags): Promise<void> {
  const at = name.indexOf("/");
  if (at < 1 || at === name.length - 1) throw new MlstackError("MLS7001", `${JSON.stringify(name)} does not name a step of a run`, { fix: name.includes("/") ? "write RUN/STEP, such as last/train_model" : `mlstack why ${name}/STEP` });
  await withReader(flags, async (engine) => {
    const e = await explainStep(engine.records, name.slice(0, at), name.slice(at + 1));
    if (flags.json === true) writeJson("why", { ...e, reasons: e.reasons.map((r) => ({ ...r })), changes: e.changes.map((c) => ({ ...c })), ...(e.madeBy !== undefined && { madeBy: { ...e.madeBy, at: iso(e.madeBy.at) } }), ...(e.comparedWith !== undefined && { comparedWith: { ...e.comparedWith, at: iso(e.comparedWith.at) } }) });
    else print(e, stdout(flags));
  });
}

function print(e: Explanation, t: Terminal): void {
  t.line(`${t.style(e.node, "bold")} ${e.summary}`);
  if (e.madeBy !== undefined) t.line(t.style(`  made ${ago(e.madeBy.at, Date.now())} by run ${e.madeBy.run}, step ${e.madeBy.node}, on ${e.madeBy.platform}`, "dim"));
  for (const r of e.reasons) {
    // the first reason is the sentence above
    if (r.at !== undefined || !e.summary.includes(r.message)) t.line(`  ${r.at === undefined ? "" : `${t.style(r.at, "cyan")}  `}${r.message}`);
    t.line(t.style(`    fix  ${r.fix}`, "dim"));
  }
  for (const c of e.changes) {
    const values = c.details.length > 0 || (c.before?.length ?? 0) > 60 || (c.after?.length ?? 0) > 60 ? "" : `  ${c.before ?? "(none)"} → ${c.after ?? "(none)"}`;
    t.line(`  ${t.style(c.what, "yellow")}${values}`);
    for (const line of c.details.slice(0, 12)) t.line(`    ${line}`);
    if (c.details.length > 12) t.line(t.style(`    and ${c.details.length - 12} more`, "dim"));
  }
  if (e.comparedWith !== undefined) t.line(t.style(`  compared with run ${e.comparedWith.run} of ${ago(e.comparedWith.at, Date.now())}, the nearest earlier result of this step`, "dim"));
}
