import { MlstackError } from "@mlstack/core";
import type { CacheChange, ResultFilter } from "@mlstack/engine";
import { confirm } from "../ui/ask.ts";
import { errorDocument } from "../ui/error-document.ts";
import { printError } from "../ui/errors.ts";
import { ago, bytes, count, duration } from "../ui/format.ts";
import { iso, stderr, stdout, writeJson, type GlobalFlags } from "../ui/output.ts";
import { printTable } from "../ui/terminal.ts";
import { openForStore, withEngine, withReader } from "./with-engine.ts";

interface FilterFlags extends GlobalFlags { readonly step?: string; readonly pipeline?: string }
interface ListFlags extends FilterFlags { readonly marked?: boolean; readonly limit: number }
interface EvictFlags extends FilterFlags { readonly yes?: boolean; readonly dryRun?: boolean }

/** `mlstack cache list`. */
export async function cacheList(flags: ListFlags): Promise<void> {
  await withReader(flags, async (engine) => {
    const found = await (await engine.cached()).list({ step: flags.step, pipeline: flags.pipeline, marked: flags.marked, limit: flags.limit });
    if (flags.json === true) { writeJson("cache-list", found.map(({ madeAt, durationMs, outputs, differed, ...r }) => ({ ...r, madeAt: iso(madeAt), ms: durationMs, outputs: outputs.map((o) => ({ ...o })), differed: [...differed] }))); return; }
    if (found.length === 0) { stderr(flags).line(flags.marked === true ? "no result is marked: executions with the same key have given the same" : "no results"); return; }
    const t = stdout(flags);
    printTable(t, ["KEY", "STEP", "MADE", "TOOK", "SIZE", ""], found.map((r) => [
      t.plain ? r.key : r.key.slice(0, 12), r.step, t.isTTY ? ago(r.madeAt, Date.now()) : iso(r.madeAt), duration(r.durationMs), bytes(r.outputs.reduce((n, o) => n + o.size, 0)), r.differed.length === 0 ? "" : t.style(`not served: ${count(r.differed.length, "run")} gave another result`, "yellow"),
    ]), [3, 4]);
    if (found.length === flags.limit) stderr(flags).line(t.style(`the newest ${flags.limit}; more: --limit`, "dim"));
  }, openForStore);
}

/** `mlstack cache evict`. */
export async function cacheEvict(key: string | undefined, flags: EvictFlags): Promise<void> {
  const filter = filterOf("evict", key, flags);
  if (flags.dryRun === true) {
    await withReader(flags, async (engine) => {
      report("cache-evict", await (await engine.cached()).evict(filter, { dryRun: true }), "would forget", "nothing was changed", flags, false);
    }, openForStore);
    return;
  }
  // one that is named is meant; all of a step or a pipeline may be more than was thought of
  if (filter.key === undefined) await confirm(`Forget all results of ${flags.step === undefined ? `the pipeline "${flags.pipeline}"` : `the step "${flags.step}"`}?`, flags);
  await withEngine(flags, async (engine) => {
    report("cache-evict", await (await engine.cached()).evict(filter), "forgot", "the next execution is the first; their bytes stay until mlstack gc", flags, true);
  }, openForStore);
}

/** `mlstack cache accept`. */
export async function cacheAccept(key: string | undefined, flags: FilterFlags): Promise<void> {
  const filter = filterOf("accept", key, flags);
  await withEngine(flags, async (engine) => {
    report("cache-accept", await (await engine.cached()).accept(filter), "accepted", "the first result is served again, until another execution differs", flags);
  }, openForStore);
}

function filterOf(verb: string, key: string | undefined, { step, pipeline }: FilterFlags): ResultFilter {
  if ((key === undefined) === (step === undefined && pipeline === undefined)) {
    throw new MlstackError("MLS7001", key === undefined ? `mlstack cache ${verb} needs a KEY, --step or --pipeline` : "a KEY goes without --step and --pipeline", { why: "it must be clear which results are meant", fix: key === undefined ? "mlstack cache list shows keys and steps" : `mlstack cache ${verb} ${key}` });
  }
  return { key, step, pipeline };
}

/** @param done whether it was done, and not only said; of what has no such question undefined */
function report(command: "cache-evict" | "cache-accept", { results, unreached }: CacheChange, did: string, next: string, flags: GlobalFlags, done?: boolean): void {
  const [first] = unreached;
  const left = first === undefined ? undefined : new MlstackError(first.error.code, `${unreached.map((u) => u.store).join(", ")} could not be asked: ${first.error.message}`, { why: "a result that lies there is found again once it can be", fix: "run the same command again then", cause: first.error });
  if (left !== undefined) process.exitCode = left.exitCode;
  const plain = results.map((c) => ({ key: c.key, step: c.step ?? null, stores: [...c.stores] }));
  if (flags.json === true) {
    const error = left === undefined ? undefined : errorDocument(left);
    if (command === "cache-evict") writeJson(command, plain.map((c) => ({ ...c, done: done === true })), [], error); else writeJson(command, plain, [], error);
    return;
  }
  const t = stdout(flags);
  for (const c of results) t.line(`${did} ${t.plain ? c.key : c.key.slice(0, 12)}  ${c.step ?? "of another project's run"}  ${t.style(`in ${c.stores.join(", ")}`, "dim")}`);
  if (left === undefined) stderr(flags).line(`${count(results.length, "result")}: ${next}`); else printError(left, stderr(flags), flags);
}
