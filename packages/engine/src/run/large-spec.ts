import type { StepSpec } from "@mlstack/core";
import type { ContentSpace } from "../store/content-space.ts";

/** What a specification may have where it travels: it must fit into a Secret, an argument, a variable. In bytes, as JSON. */
const MOST = 64 * 1024;

/** A specification as it travels: what makes it too large goes by the content space. */
export async function packSpec(spec: StepSpec, content: ContentSpace): Promise<StepSpec> {
  if (Buffer.byteLength(JSON.stringify(spec)) <= MOST) return spec;
  const more = await content.putBytes(JSON.stringify({ inputs: spec.inputs, data: spec.data }));
  return { ...spec, inputs: {}, data: {}, more };
}

/** A specification that has arrived, whole again. */
export async function unpackSpec(spec: StepSpec, content: ContentSpace): Promise<StepSpec> {
  const { more, ...rest } = spec;
  if (more === undefined) return spec;
  return { ...rest, ...(JSON.parse(Buffer.from(await content.read(more)).toString("utf8")) as Pick<StepSpec, "inputs" | "data">) };
}
