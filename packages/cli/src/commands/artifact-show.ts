import { bytes } from "../ui/format.ts";
import { stdout, writeJson, type GlobalFlags } from "../ui/output.ts";
import { table } from "../ui/terminal.ts";
import { findArtifact } from "./find-artifact.ts";
import { withReader } from "./with-engine.ts";
import { contentOf } from "./content-of.ts";

/** `mlstack artifact show ARTIFACT`. */
export async function artifactShow(name: string, flags: GlobalFlags): Promise<void> {
  await withReader(flags, async (engine) => {
    const a = await findArtifact(engine, name);
    const { files, present } = await contentOf(engine, a);
    const metadata = JSON.parse(a.metadata_json) as Record<string, unknown>;
    if (flags.json === true) {
      writeJson({ artifact: `${a.run}/${a.node}.${a.output}`, run: a.run, step: a.node, output: a.output, format: a.format, kind: a.kind, size: a.size, digest: a.manifest, identity: a.identity, metadata, files, present });
      return;
    }
    const t = stdout(flags);
    t.line(`${t.style(`${a.node}.${a.output}`, "bold")}  ${a.format}  ${bytes(a.size)}${present ? "" : t.style("  its bytes are no longer in the store", "yellow")}`);
    t.line(t.style(`  made in run ${a.run}; digest ${a.manifest}`, "dim"));
    if (a.identity !== a.manifest) t.line(t.style(`  content ${a.identity}`, "dim"));
    t.line();
    for (const line of table(files.map((f) => [`  ${f.path}`, bytes(f.size), f.sha256.slice(0, 12)]), [1])) t.line(line);
    const facts = Object.entries(metadata).map(([k, v]) => [`  ${k}`, typeof v === "string" ? v : JSON.stringify(v)]);
    if (facts.length > 0) { t.line(); for (const line of table(facts)) t.line(line); }
  });
}
