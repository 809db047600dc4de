import { didYouMean, MlstackError, nameList } from "@mlstack/core";
import type { ArtifactRow, Engine } from "@mlstack/engine";

/**
 * An artifact by `RUN/STEP.OUTPUT`, by `RUN/STEP` where the step has one, or by the beginning of its digest (at least eight digits).
 *
 * @throws MLS5003, MLS5004, MLS5005, MLS5006
 */
export async function findArtifact(engine: Engine, name: string): Promise<ArtifactRow> {
  if (/^[0-9a-f]{8,64}$/.test(name)) {
    const found = (await engine.records.artifacts({ limit: 1_000_000 })).filter((a) => a.manifest.startsWith(name));
    const digests = [...new Set(found.map((a) => a.manifest))];
    if (digests.length > 1) throw new MlstackError("MLS5006", `${name} fits ${digests.length} artifacts`, { fix: "give more of the digest" });
    if (found[0] !== undefined) return found[0];
    throw new MlstackError("MLS5005", `no artifact's digest begins with ${name}`, { fix: "mlstack artifact list" });
  }
  const m = /^([^/]+)\/([^/.]+)(?:\.(.+))?$/.exec(name);
  if (m === null) throw new MlstackError("MLS7001", `${JSON.stringify(name)} does not name an artifact`, { fix: "write RUN/STEP.OUTPUT, such as last/evaluate.metrics" });
  const run = await engine.records.run(m[1]!);
  const step = await engine.records.step(run.id, m[2]!);
  const outputs = await engine.records.artifacts({ run: run.id, node: step.node });
  const found = m[3] === undefined ? (outputs.length === 1 ? outputs[0] : undefined) : outputs.find((a) => a.output === m[3]);
  if (found !== undefined) return found;
  throw new MlstackError("MLS5005", m[3] === undefined ? `the step "${step.node}" has ${outputs.length} artifacts` : `the step "${step.node}" has no artifact "${m[3]}"`, {
    why: outputs.length === 0 ? `the step is ${step.status}` : `${outputs.length === 1 ? "it is" : "they are"} ${nameList(outputs.map((a) => a.output))}`, fix: outputs[0] === undefined ? `mlstack run show ${run.id}` : `write ${m[1]}/${step.node}.${didYouMean(m[3] ?? "", outputs.map((a) => a.output)) ?? outputs[0].output}`,
  });
}
