import type { JsonFields } from "../json/documents.ts";
import { bytes } from "../ui/format.ts";
import { stderr, stdout, writeJson, type GlobalFlags } from "../ui/output.ts";
import { printTable } from "../ui/terminal.ts";
import { withReader } from "./with-engine.ts";

interface ListFlags extends GlobalFlags { readonly run?: string; readonly pipeline?: string; readonly step?: string; readonly limit: number }

/** `mlstack artifact list`. */
export async function artifactList(flags: ListFlags): Promise<void> {
  await withReader(flags, async (engine) => {
    const run = flags.run === undefined ? undefined : (await engine.records.run(flags.run)).id;
    const found = await engine.records.artifacts({ run, pipeline: flags.pipeline, node: flags.step, limit: flags.limit });
    if (flags.json === true) {
      writeJson("artifact-list", found.map((a) => ({ artifact: `${a.run}/${a.node}.${a.output}`, format: a.format, kind: a.kind, size: a.size, digest: a.manifest, metadata: JSON.parse(a.metadata_json) as JsonFields })));
      return;
    }
    if (found.length === 0) { stderr(flags).line("no artifacts"); return; }
    const t = stdout(flags);
    printTable(t, ["ARTIFACT", "FORMAT", "SIZE", "DIGEST"], found.map((a) => [`${a.run}/${a.node}.${a.output}`, a.format, t.plain ? String(a.size) : bytes(a.size), t.plain ? a.manifest : a.manifest.slice(0, 12)]), [2]);
  });
}
