import { didYouMean, MlstackError, nameList } from "@mlstack/core";

/** What a run's name may hold: nothing that a shell reads, and no slash, which parts a run from its step. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.:+=-]{0,127}$/;
const PLACEHOLDERS = ["pipeline", "stack", "date", "time", "n"];

/** What the placeholders of a name stand for. */
export interface NameFacts {
  readonly pipeline: string;
  readonly stack: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** Which run of the pipeline it is, from 1; asked for only where it is needed. */
  n(): number;
  /** The pipeline's parameters, as the plan has them. */
  readonly params: Readonly<Record<string, unknown>>;
}

/**
 * A run's name, its placeholders filled in: `{pipeline}`, `{stack}`, `{date}` (2026-11-24) and `{time}` (13-05-09) in UTC, `{n}`, `{params.NAME}`.
 *
 * @throws MLS4030 for an unknown placeholder, a parameter that is no text, number or boolean, and a name that could not be typed
 */
export function runNameOf(template: string, facts: NameFacts): string {
  const name = template.replace(/\{([^{}]*)\}/g, (_, placeholder: string) => valueOf(placeholder, template, facts));
  if (name === "last") throw unusable(name, "it stands for the newest run", "give another name");
  if (!NAME.test(name)) throw unusable(name, "a name begins with a letter or a digit and holds at most 128 letters, digits, and _ . : + = -", 'write it like "{date}-{n}"');
  return name;
}

function valueOf(placeholder: string, template: string, { pipeline, stack, time, n, params }: NameFacts): string {
  const [date, clock] = new Date(time).toISOString().slice(0, 19).split("T") as [string, string];
  switch (placeholder) {
    case "pipeline": return pipeline;
    case "stack": return written(stack);
    case "date": return date;
    case "time": return clock.replaceAll(":", "-");
    case "n": return String(n());
    default: break;
  }
  const [group, ...rest] = placeholder.split(".");
  const param = rest.join(".");
  if (group !== "params" || param === "") {
    const near = didYouMean(placeholder, PLACEHOLDERS);
    throw unusable(template, `{${placeholder}} is not known; known are ${PLACEHOLDERS.map((p) => `{${p}}`).join(", ")} and {params.NAME}`, near === undefined ? "write one of these" : `write {${near}}`);
  }
  const value = Object.hasOwn(params, param) ? params[param] : undefined;
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return written(String(value));
  const isKnown = Object.hasOwn(params, param);
  const near = isKnown ? undefined : didYouMean(param, Object.keys(params));
  throw unusable(template, isKnown ? `the parameter "${param}" is no text, number or boolean` : `the pipeline has no parameter "${param}"; its parameters are ${nameList(Object.keys(params))}`, near === undefined ? `leave {${placeholder}} out` : `write {params.${near}}`);
}

/** A text as it may stand in a name. */
const written = (text: string): string => text.replace(/[^A-Za-z0-9_.:+=-]+/g, "-");

function unusable(name: string, why: string, fix: string): MlstackError {
  return new MlstackError("MLS4030", `the run's name ${JSON.stringify(name)} can't be used`, { why, fix });
}
