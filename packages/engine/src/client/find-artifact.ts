import { didYouMean, MlstackError, nameList } from "@mlstack/core";
import type { LineageStart } from "../lineage/lineage.ts";
import type { Records } from "../records/records.ts";
import type { ArtifactRow } from "../records/schema.ts";

type Reads = Pick<Records, "run" | "step" | "artifacts">;

/**
 * An artifact by `RUN/STEP.OUTPUT`, by `RUN/STEP` where the step has one, or by the beginning of its digest (at least eight digits).
 *
 * @throws MLS5003, MLS5004, MLS5005, MLS5006; MLS7001 for a name of another form
 */
export async function findArtifact(records: Reads, name: string): Promise<ArtifactRow> {
  const { run, node, artifacts, output } = await findStepOrArtifact(records, name);
  if (output !== undefined || artifacts.length === 1) return artifacts[0]!;
  const [first] = artifacts;
  throw new MlstackError("MLS5005", `the step "${node}" has ${artifacts.length} artifacts`, {
    why: first === undefined ? `the step is ${(await records.step(run, node)).status}` : `they are ${nameList(artifacts.map((a) => a.output))}`, fix: first === undefined ? `mlstack run show ${run}` : `write ${name}.${first.output}`,
  });
}

/** The same, or all that a step of a run has made, where no output is named. */
export async function findStepOrArtifact(records: Reads, name: string): Promise<LineageStart & { /** The one that was asked for. */ readonly output: string | undefined }> {
  if (/^[0-9a-f]{8,64}$/.test(name)) {
    const found = await records.artifacts({ digest: name, limit: 10_000 });
    const digests = new Set(found.map((a) => a.manifest));
    if (digests.size > 1) throw new MlstackError("MLS5006", `${name} fits ${digests.size} artifacts`, { fix: "give more of the digest" });
    const [first] = found;
    if (first !== undefined) return { run: first.run, node: first.node, artifacts: [first], output: first.output };
    throw new MlstackError("MLS5005", `no artifact's digest begins with ${name}`, { fix: "mlstack artifact list" });
  }
  const m = /^([^/]+)\/([^/.]+)(?:\.(.+))?$/.exec(name);
  if (m === null) throw new MlstackError("MLS7001", `${JSON.stringify(name)} does not name an artifact`, { fix: "write RUN/STEP.OUTPUT, such as last/evaluate.metrics" });
  const run = await records.run(m[1]!);
  const step = await records.step(run.id, m[2]!);
  const all = await records.artifacts({ run: run.id, node: step.node });
  const output = m[3];
  if (output === undefined) return { run: run.id, node: step.node, artifacts: all, output };
  const found = all.find((a) => a.output === output);
  if (found !== undefined) return { run: run.id, node: step.node, artifacts: [found], output };
  const [first] = all;
  throw new MlstackError("MLS5005", `the step "${step.node}" has no artifact "${output}"`, {
    why: first === undefined ? `the step is ${step.status}` : `${all.length === 1 ? "it is" : "they are"} ${nameList(all.map((a) => a.output))}`, fix: first === undefined ? `mlstack run show ${run.id}` : `write ${m[1]}/${step.node}.${didYouMean(output, all.map((a) => a.output)) ?? first.output}`,
  });
}
