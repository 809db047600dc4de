import type { JsonFields } from "../json/documents.ts";
import { bytes } from "../ui/format.ts";
import { stderr, stdout, writeJson, type GlobalFlags } from "../ui/output.ts";
import { printTable } from "../ui/terminal.ts";
import { withReader } from "./with-engine.ts";

interface ListFlags extends GlobalFlags { readonly run?: string; readonly pipeline?: string; readonly step?: string; readonly tag?: string; readonly limit: number }

/** `mlstack artifact list`. */
export async function artifactList(flags: ListFlags): Promise<void> {
  await withReader(flags, async (engine) => {
    const run = flags.run === undefined ? undefined : (await engine.records.run(flags.run)).id;
    const found = await engine.records.artifacts({ run, pipeline: flags.pipeline, step: flags.step, tag: flags.tag, limit: flags.limit });
    const tags = new Map(await Promise.all([...new Set(found.map((a) => a.run))].map(async (id) => [id, await engine.records.callTags(id)] as const)));
    const tagsOf = ({ run: id, node }: { readonly run: string; readonly node: string }) => [...(tags.get(id)?.get(node.split("@", 1)[0]!) ?? [])];
    if (flags.json === true) {
      writeJson("artifact-list", found.map((a) => ({ artifact: `${a.run}/${a.node}.${a.output}`, format: a.format, kind: a.kind, size: a.size, digest: a.manifest, tags: tagsOf(a), metadata: JSON.parse(a.metadata_json) as JsonFields })));
      return;
    }
    if (found.length === 0) { stderr(flags).line(flags.tag === undefined ? "no artifacts" : `no artifacts of steps with the tag ${JSON.stringify(flags.tag)}`); return; }
    const t = stdout(flags);
    const hasTags = t.plain || found.some((a) => tagsOf(a).length > 0);
    printTable(t, ["ARTIFACT", "FORMAT", "SIZE", "DIGEST", ...(hasTags ? ["TAGS"] : [])], found.map((a) => [`${a.run}/${a.node}.${a.output}`, a.format, t.plain ? String(a.size) : bytes(a.size), t.plain ? a.manifest : a.manifest.slice(0, 12), ...(hasTags ? [tagsOf(a).join(" ")] : [])]), [2]);
  });
}
