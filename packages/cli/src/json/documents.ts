import { z } from "zod";

/*
 * What `--json` prints, command by command. `npm run schemas` writes these as JSON Schemas (schemas/*.json); tests compare what commands
 * print with them. A field is never removed or given another meaning while `schemaVersion` is 1. Loaded by tools only: commands use the types.
 */

const json = z.record(z.string(), z.json());
export type JsonFields = z.output<typeof json>;
const time = z.iso.datetime().describe("ISO 8601, UTC");
const code = z.string().regex(/^MLS\d{4}$/);

const cause = z.strictObject({ name: z.string(), code: code.optional(), message: z.string(), get cause() { return cause.optional(); } });

/** An error, of a command, a run or a step. */
export const errorSchema = z.strictObject({
  code: code.describe("stable: docs/errors.md"),
  title: z.string().describe("what the code means"),
  exitCode: z.int().describe("what a command ends with for it"),
  message: z.string(),
  name: z.string().optional().describe("the class of an error of the user's code, such as TypeError"),
  why: z.string().optional(),
  fix: z.string().optional().describe("the action that mends it"),
  docs: z.url(),
  at: z.array(z.string()).optional().describe("places in the user's code, the innermost first: file:line:column"),
  details: json.optional().describe("facts that are stable per code"),
  cause: cause.optional(),
});
export type ErrorDocument = z.output<typeof errorSchema>;

const stepStatus = z.enum(["waiting", "running", "completed", "cached", "failed", "cancelled", "skipped", "interrupted"]);
const runStatus = z.enum(["running", "completed", "failed", "cancelled", "interrupted"]);
const pointer = z.looseObject({ manifest: z.string(), identity: z.string(), format: z.string(), size: z.number() });
const runHead = { run: z.string(), pipeline: z.string(), status: runStatus };
const runName = z.string().nullable().describe("what the run is called; several may be called the same");
const schedule = z.union([z.strictObject({ cron: z.string(), timeZone: z.string().optional(), catchUp: z.boolean().optional() }), z.strictObject({ everyMs: z.int(), catchUp: z.boolean().optional() })]);

const commands = {
  run: z.strictObject({
    ...runHead, name: runName, endedAt: time, error: errorSchema.nullable(),
    steps: z.array(z.strictObject({ step: z.string(), status: stepStatus, outputs: z.record(z.string(), pointer), condition: z.string().optional(), error: errorSchema.optional() })),
    copied: z.array(z.strictObject({ from: z.string(), artifacts: z.int(), bytes: z.number() })).describe("what was copied from other stores of the project"),
  }),
  "run-detach": z.strictObject({ ...runHead, name: runName }),
  "run-attach": z.strictObject({ ...runHead, startedAt: time, endedAt: time.nullable(), error: errorSchema.nullable() }),
  "run-cancel": z.strictObject({ run: z.string(), asked: z.literal(true) }),
  "run-list": z.array(z.strictObject({ ...runHead, name: runName, startedAt: time, endedAt: time.nullable(), tags: z.array(z.string()) })),
  "run-show": z.strictObject({
    ...runHead, name: runName, schedule: schedule.nullable().describe("that the pipeline declares"), startedAt: time, endedAt: time.nullable(), params: json, stack: json.describe("as it was; secrets are references"), plan: z.string().describe("digest"), bundle: z.string().nullable().describe("manifest of the code"), tags: z.array(z.string()),
    steps: z.array(z.strictObject({
      step: z.string(), status: stepStatus, condition: z.string().nullable(), attempt: z.int(), startedAt: time, endedAt: time.nullable(), ms: z.number().nullable(), key: z.string().nullable(), cache: z.looseObject({ state: z.string() }), error: errorSchema.nullable(), tags: z.array(z.string()),
      outputs: z.array(z.strictObject({ output: z.string(), format: z.string(), size: z.number(), digest: z.string() })),
    })),
    metrics: z.array(z.strictObject({ step: z.string(), key: z.string(), value: z.union([z.number(), z.string()]) })).describe("the last value of each"), warnings: z.array(z.string()), error: errorSchema.nullable(),
  }),
  "run-logs": z.array(z.strictObject({ step: z.string(), attempt: z.int(), time, stream: z.enum(["stdout", "stderr", "log"]), text: z.string() })),
  "artifact-list": z.array(z.strictObject({ artifact: z.string().describe("RUN/STEP.OUTPUT"), tags: z.array(z.string()).describe("of the step that made it"), format: z.string(), kind: z.string(), size: z.number(), digest: z.string(), metadata: json })),
  "artifact-show": z.strictObject({
    artifact: z.string(), run: z.string(), step: z.string(), output: z.string(), format: z.string(), kind: z.string(), size: z.number(), digest: z.string(), identity: z.string(), metadata: json,
    madeBy: z.strictObject({ run: z.string(), step: z.string() }).describe("the run and step that made it; another one where this step was cached"), files: z.array(z.strictObject({ path: z.string(), size: z.number(), sha256: z.string() })), present: z.boolean().describe("whether its bytes are in a store"),
  }),
  "artifact-preview": z.strictObject({ artifact: z.string(), format: z.string(), preview: z.looseObject({ type: z.string() }).nullable() }),
  why: z.looseObject({ run: z.string(), node: z.string(), status: stepStatus, summary: z.string(), reasons: z.array(z.looseObject({ rule: z.string(), message: z.string(), fix: z.string() })), changes: z.array(z.looseObject({ what: z.string() })) }),
} as const;

export type CommandName = keyof typeof commands;
/** What a command prints as `data`. */
export type DataOf<C extends CommandName> = z.input<(typeof commands)[C]>;

/** The whole documents, by command; `error` for one that ends before it has data. */
export const documents: Readonly<Record<CommandName | "error", z.ZodType>> = {
  ...(Object.fromEntries(Object.entries(commands).map(([name, data]) => [name, z.strictObject({ schemaVersion: z.literal(1), data, warnings: z.array(z.string()), error: errorSchema.optional().describe("why the exit code is not 0") })])) as unknown as Record<CommandName, z.ZodType>),
  error: z.strictObject({ schemaVersion: z.literal(1), error: errorSchema }),
};
