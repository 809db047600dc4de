import { findArtifact, type ArtifactRow, type CacheOutcome, type Engine } from "@mlstack/engine";
import type { JsonFields } from "../json/documents.ts";
import { bytes } from "../ui/format.ts";
import { stdout, writeJson, type GlobalFlags } from "../ui/output.ts";
import { printTable } from "../ui/terminal.ts";
import { withReader } from "./with-engine.ts";
import { contentOf } from "./content-of.ts";

/** `mlstack artifact show ARTIFACT`. */
export async function artifactShow(name: string, flags: GlobalFlags): Promise<void> {
  await withReader(flags, async (engine) => {
    const a = await findArtifact(engine.records, name);
    const { files, present } = await contentOf(engine, a);
    const metadata = JSON.parse(a.metadata_json) as JsonFields;
    const madeBy = await makerOf(engine, a);
    if (flags.json === true) {
      writeJson("artifact-show", { artifact: `${a.run}/${a.node}.${a.output}`, run: a.run, step: a.node, output: a.output, format: a.format, kind: a.kind, size: a.size, digest: a.manifest, identity: a.identity, metadata, madeBy, files: [...files], present });
      return;
    }
    const t = stdout(flags);
    t.line(`${t.style(`${a.node}.${a.output}`, "bold")}  ${a.format}  ${bytes(a.size)}${present ? "" : t.style("  its bytes are no longer in the store", "yellow")}`);
    t.line(t.style(`  made in run ${madeBy.run}${madeBy.step === a.node ? "" : `, step ${madeBy.step}`}${madeBy.run === a.run ? "" : `; in run ${a.run} it was cached`}; digest ${a.manifest}`, "dim"));
    if (a.identity !== a.manifest) t.line(t.style(`  content ${a.identity}`, "dim"));
    t.line();
    printTable(t, undefined, files.map((f) => [`  ${f.path}`, bytes(f.size), f.sha256.slice(0, 12)]), [1]);
    const facts = Object.entries(metadata).map(([k, v]) => [`  ${k}`, typeof v === "string" ? v : JSON.stringify(v)]);
    if (facts.length > 0) { t.line(); printTable(t, undefined, facts); }
  });
}

/** The run and step whose execution made it: another one than it is listed under, where the step was cached. */
async function makerOf(engine: Engine, a: ArtifactRow): Promise<{ readonly run: string; readonly step: string }> {
  const cache = JSON.parse((await engine.records.step(a.run, a.node)).cache_json) as CacheOutcome;
  return cache.state === "hit" ? { run: cache.run, step: cache.node } : { run: a.run, step: a.node };
}
