import type { StackSpec } from "../stack/stack.ts";
import type { RunRow } from "./schema.ts";

/** The stack that a run was on in one of its parts, by how often it had been resumed; the last one by default. */
export function stackAt(row: Pick<RunRow, "ordinal" | "stack_json" | "earlier_stacks_json">, ordinal: number = row.ordinal): StackSpec {
  const earlier = (JSON.parse(row.earlier_stacks_json) as { ordinal: number; stack: StackSpec }[]).find((s) => s.ordinal === ordinal);
  return ordinal === row.ordinal || earlier === undefined ? (JSON.parse(row.stack_json) as StackSpec) : earlier.stack;
}
