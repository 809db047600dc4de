import type { Preview } from "@mlstack/core";
import { findArtifact } from "@mlstack/engine";
import { stderr, stdout, writeJson, type GlobalFlags } from "../ui/output.ts";
import { shortNumber } from "../ui/format.ts";
import { printTable, type Terminal } from "../ui/terminal.ts";
import { withReader } from "./with-engine.ts";

/** `mlstack artifact preview ARTIFACT`. */
export async function artifactPreview(name: string, flags: GlobalFlags): Promise<void> {
  await withReader(flags, async (engine) => {
    const a = await findArtifact(engine.records, name);
    const preview = a.preview_json === null ? undefined : (JSON.parse(a.preview_json) as Preview);
    if (flags.json === true) writeJson("artifact-preview", { artifact: `${a.run}/${a.node}.${a.output}`, format: a.format, preview: preview ?? null });
    else if (preview === undefined) stderr(flags).line(`a ${a.format} has no preview; mlstack artifact show ${name} says what is known of it`);
    else print(preview, stdout(flags));
  });
}

function print(preview: Preview, t: Terminal): void {
  if (preview.type !== "table") { t.line(preview.text); return; }
  printTable(t, preview.columns, preview.rows.map((row) => row.map((cell) => (t.plain ? cell : shortNumber(cell)))));
  const more = (preview.totalRows ?? preview.rows.length) - preview.rows.length;
  if (more > 0) t.line(t.style(`… and ${more} more rows`, "dim"));
}
