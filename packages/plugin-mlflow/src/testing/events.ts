import type { TrackerEvent, TrackerEventBody } from "@mlstack/core";
import fc from "fast-check";

/** Events of one step, numbered as the engine numbers them. */
export function stepEvents(node: string, attempt = 1, cachedFrom?: string): (body: TrackerEventBody, time?: number) => TrackerEvent {
  let ordinal = 0;
  return (body, time = 1_700_000_000_000 + ordinal) => ({ ...body, id: `${node}/${attempt}/${ordinal++}`, node, attempt, time, ...(cachedFrom !== undefined && { cachedFrom }) });
}

const key = fc.constantFrom("a", "b", "loss/train", "w[0]", "ü");
const body: fc.Arbitrary<TrackerEventBody> = fc.oneof(
  fc.record({ kind: fc.constant("param" as const), key, value: fc.oneof(fc.integer({ max: 3, min: 1 }), fc.boolean(), fc.constantFrom("", "x")) }),
  fc.record({ kind: fc.constant("metric" as const), key, value: fc.oneof(fc.double(), fc.constantFrom(0, -0, 1, NaN)), step: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.double({ min: -1e20, max: 1e20 })) }),
  fc.record({ kind: fc.constant("tag" as const), key, value: fc.constantFrom("1", "2", "") }),
);

/** Events of a few steps, times as a clock gives them: never back within a step, and often the same. */
export const someEvents: fc.Arbitrary<TrackerEvent[]> = fc.array(fc.record({ node: fc.constantFrom("n", "m"), attempt: fc.constantFrom(1, 2), body, wait: fc.integer({ min: 0, max: 2 }) }), { maxLength: 30 })
  .map((calls) => {
    let time = 1_700_000_000_000;
    const steps = new Map<string, ReturnType<typeof stepEvents>>();
    return calls.map(({ node, attempt, body, wait }) => {
      const step = steps.get(`${node} ${attempt}`) ?? stepEvents(node, attempt);
      steps.set(`${node} ${attempt}`, step);
      return step(body, (time += wait));
    });
  });
