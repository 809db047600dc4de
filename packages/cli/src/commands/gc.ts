import { type CleanedUp, type Engine, type GcPolicy, type Survey } from "@mlstack/engine";
import type { DataOf } from "../json/documents.ts";
import { confirm } from "../ui/ask.ts";
import { bytes, count } from "../ui/format.ts";
import { interruptible } from "../ui/interrupt.ts";
import { iso, stderr, stdout, writeJson, type GlobalFlags } from "../ui/output.ts";
import { printTable, type Terminal } from "../ui/terminal.ts";
import { openForStore, withReader } from "./with-engine.ts";

interface GcFlags extends GlobalFlags { readonly plan?: boolean; readonly dryRun?: boolean; readonly keepDays?: number; readonly keepRuns?: number; readonly grace?: number; readonly alone?: boolean; readonly yes?: boolean }

/** `mlstack gc`. */
export async function gc(flags: GcFlags): Promise<void> {
  const policy: GcPolicy = { keepDays: flags.keepDays, keepRuns: flags.keepRuns, graceMs: flags.grace, alone: flags.alone };
  if (flags.plan === true || flags.dryRun === true) {
    await withReader(flags, async (engine) => {
      const [store] = await engine.stores();
      const found = await engine.planGc(policy);
      if (flags.json === true) writeJson("gc", documentOf(store!.name, engine, found), found.warnings);
      else { print(found, store!.name, engine, stdout(flags)); stdout(flags).line(nothingIn(found) ? "nothing to remove" : "this is what the same command removes without --plan"); }
    }, openForStore);
    return;
  }
  const engine = await openForStore(flags);
  const stop = interruptible((line) => stderr(flags).line(line));
  try {
    const [store] = await engine.stores();
    const planned = await engine.planGc(policy);
    if (nothingIn(planned)) {
      if (flags.json === true) writeJson("gc", documentOf(store!.name, engine, { ...planned, removed: 0, spared: 0 }), planned.warnings); else { print(planned, store!.name, engine, stderr(flags)); stdout(flags).line("nothing to remove"); }
      return;
    }
    if (flags.json !== true) print(planned, store!.name, engine, stderr(flags));
    const { blobs, bytes: size } = sum(planned);
    await confirm(`Remove ${count(blobs, "blob")}, ${bytes(size)}, from ${store!.name}?`, flags);
    const done = await engine.gc({ ...policy, signal: stop.signal, onProgress: progress(flags) });
    if (flags.json === true) { writeJson("gc", documentOf(store!.name, engine, done), done.warnings); return; }
    for (const warning of done.warnings) stderr(flags).line(`${stderr(flags).style("warning", "yellow")}  ${warning}`);
    stdout(flags).line(`removed ${count(done.removed, "blob")}${done.spared === 0 ? ` of ${bytes(sum(done).bytes)}` : ""}${done.spared > 0 ? `; ${done.spared} were needed again meanwhile, and stay` : ""}`);
  } catch (e) {
    if (!stop.signal.aborted) throw e;
    stderr(flags).line("stopped; what is left is found the next time");
    process.exitCode = stop.exitCode;
  } finally { stop.release(); await engine.close(); }
}

/** A line now and then: what is far away takes its time. */
function progress(flags: GlobalFlags): ((done: number, of: number) => void) | undefined {
  if (flags.quiet === true || flags.json === true) return undefined;
  let last = performance.now();
  return (done, of) => {
    if (done === of || performance.now() - last < 2000) return;
    last = performance.now();
    stderr(flags).line(stderr(flags).style(`${done} of ${of} blobs`, "dim"));
  };
}

function sum({ remove }: Survey): { readonly blobs: number; readonly bytes: number } {
  const all = Object.values(remove);
  return { blobs: all.reduce((n, t) => n + t.blobs, 0), bytes: all.reduce((n, t) => n + t.bytes, 0) };
}

const nothingIn = (s: Survey): boolean => sum(s).blobs === 0 && s.entries.length === 0 && s.gone.length === 0 && s.journals.length === 0;

const REASONS = { released: "of runs that ended too long ago", abandoned: "of runs that never ended", unnamed: "that no run names" } as const;

function print(found: Survey, store: string, engine: Engine, t: Terminal): void {
  const { roots } = found;
  t.line(`${t.style(store, "bold")}  ${t.style(`${count(roots.kept.length, "run")} kept${roots.goingOn.length > 0 ? `, ${roots.goingOn.length} going on` : ""}`, "dim")}`);
  const rows = [
    ...(Object.keys(REASONS) as (keyof typeof REASONS)[]).map((r) => [t.style("  remove", "yellow"), REASONS[r], String(found.remove[r].blobs), bytes(found.remove[r].bytes)]),
    ["  keep", "that a run names", String(found.keep.named.blobs), bytes(found.keep.named.bytes)], ["  keep", `written or touched after ${iso(roots.before)}`, String(found.keep.young.blobs), bytes(found.keep.young.bytes)],
  ];
  printTable(t, ["  ", "BLOBS", "", ""], rows, [2, 3]);
  const rest = [[roots.aged.length, "run"], [found.entries.length, "stored result"], [found.journals.length, "object of journals"]] as const;
  const more = rest.filter(([n]) => n > 0).map(([n, what]) => count(n, what));
  if (more.length > 0) t.line(t.style(`  and with them ${more.join(", ")}`, "dim"));
  for (const r of roots.goingOn.slice(0, 3)) t.line(t.style(`  since ${iso(r.beganAt)} the run ${r.run}${r.project === engine.projectId ? "" : ` of the project ${r.project}`} is going on, or has not ended: what is younger than a day before that stays`, "dim"));
  const others = projectsOf(found, engine).filter((p) => !p.own);
  for (const p of others) t.line(t.style(`  the project ${p.project} has ${count(p.runs, "run")} here, which keep what they name`, "dim"));
}

function projectsOf({ roots }: Survey, engine: Engine): DataOf<"gc">["projects"] {
  const runs = new Map<string, number>();
  for (const r of [...roots.kept, ...roots.goingOn, ...roots.aged, ...roots.expired]) runs.set(r.project, (runs.get(r.project) ?? 0) + 1);
  return [...runs].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([project, n]) => ({ project, own: project === engine.projectId, runs: n }));
}

function documentOf(store: string, engine: Engine, found: Survey | CleanedUp): DataOf<"gc"> {
  const { roots } = found;
  return {
    store, done: "removed" in found, before: iso(roots.before), remove: found.remove, keep: found.keep, removed: "removed" in found ? found.removed : null, spared: "removed" in found ? found.spared : null, results: found.entries.length, journals: found.journals.length,
    runs: { kept: roots.kept.length, goingOn: roots.goingOn.map((r) => ({ project: r.project, run: r.run, since: iso(r.beganAt) })), released: roots.aged.map((r) => r.run), abandoned: roots.expired.map((r) => r.run) },
    projects: projectsOf(found, engine),
  };
}
