import { openEngine, type Foretold, type RunForecast, type Verdict } from "@mlstack/engine";
import type { DataOf } from "../json/documents.ts";
import { forCommandLine, forConfig } from "../params.ts";
import { ago, count } from "../ui/format.ts";
import { errorDocument } from "../ui/error-document.ts";
import { printError } from "../ui/errors.ts";
import { iso, stderr, stdout, writeJson } from "../ui/output.ts";
import { pad, widthOf, type Style, type Terminal } from "../ui/terminal.ts";
import { askedFor, concurrencyOf, inlineStack, type RunFlags } from "./run-file.ts";

/** `mlstack run FILE --explain`. */
export async function runExplain(file: string, flags: RunFlags): Promise<void> {
  const { cwd, pipeline, config, given, params, stack } = await askedFor(file, flags);
  const engine = await openEngine({ from: cwd, stack: flags.inline === true && stack !== undefined ? inlineStack(stack) : stack, concurrency: concurrencyOf(flags, stack), readOnly: true });
  try {
    const found = await engine.foresee(pipeline, params, { cache: flags.cache ? (flags.refresh === true ? "refresh" : "use") : "off", steps: config?.steps, name: flags.name ?? config?.name });
    const refusal = flags.expectCached === true ? found.refusal : undefined;
    if (refusal !== undefined) process.exitCode = refusal.exitCode;
    if (flags.json === true) { writeJson("run-explain", documentOf(found), found.warnings, refusal === undefined ? undefined : errorDocument(refusal)); return; }
    print(found, stdout(flags), flags.verbose === true);
    for (const warning of found.warnings) stderr(flags).line(`${stderr(flags).style("warning", "yellow")}  ${warning}`);
    if (refusal !== undefined) printError(refusal, stderr(flags), flags);
  } catch (e) { throw forCommandLine(forConfig(e, config, given), pipeline); } finally { await engine.close(); }
}

const SIGNS: Readonly<Record<Verdict, readonly [string, Style]>> = { cached: ["=", "cyan"], run: ["▸", "green"], unknown: ["?", "yellow"], skipped: ["-", "dim"] };

function print({ steps }: RunForecast, t: Terminal, verbose: boolean): void {
  const width = Math.min(40, Math.max(0, ...steps.map((s) => widthOf(s.node))));
  for (const s of steps) {
    if (t.plain) { t.line([s.node, s.verdict, s.summary].join("\t")); continue; }
    const [sign, color] = SIGNS[s.verdict];
    t.line(`  ${t.style(sign, color)} ${pad(s.node, width)}  ${s.entry === undefined ? s.summary : `cached: made ${ago(s.entry.createdAt, Date.now())} by run ${s.entry.writer.run}`}`);
    if (s.verdict === "run") details(s, t, verbose);
  }
  if (t.plain) return;
  const by = new Map<Verdict, number>();
  for (const s of steps) by.set(s.verdict, (by.get(s.verdict) ?? 0) + 1);
  const words: Readonly<Record<Verdict, string>> = { run: "would run", cached: "cached", unknown: "not known before others have run", skipped: "left out" };
  t.line(t.style(`${count(steps.length, "step")}: ${(Object.keys(words) as Verdict[]).flatMap((v) => (by.has(v) ? [`${by.get(v)} ${words[v]}`] : [])).join(", ")}. Nothing was run`, "dim"));
}

function details(s: Foretold, t: Terminal, verbose: boolean): void {
  const most = verbose ? Infinity : 3;
  for (const r of s.reasons.slice(0, most)) t.line(t.style(`      ${r.at === undefined ? "" : `${r.at}  `}fix  ${r.fix}`, "dim"));
  for (const c of s.changes.slice(0, most)) {
    const isShort = c.details.length === 0 && (c.before?.length ?? 0) <= 60 && (c.after?.length ?? 0) <= 60;
    const shown = c.details.length > 0 ? c.details.slice(0, most).join("; ") + (c.details.length > most ? ` and ${c.details.length - most} more` : "") : isShort ? `${c.before ?? "(none)"} → ${c.after ?? "(none)"}` : "";
    if (shown !== "") t.line(t.style(`      ${c.what}: ${shown}`, "dim"));
  }
}

function documentOf({ pipeline, steps }: RunForecast): DataOf<"run-explain"> {
  return {
    pipeline,
    steps: steps.map((s) => ({
      step: s.node, foretold: s.verdict, summary: s.summary, key: s.key, meant: s.meant, reasons: s.reasons.map((r) => ({ ...r })), waitsFor: [...s.waitsFor], changes: s.changes.map((c) => ({ ...c })),
      madeBy: s.entry === undefined ? null : { run: s.entry.writer.run, step: s.entry.writer.node, at: iso(s.entry.createdAt) }, comparedWith: s.comparedWith === undefined ? null : { run: s.comparedWith.run, step: s.comparedWith.node, at: iso(s.comparedWith.at) },
    })),
  };
}
