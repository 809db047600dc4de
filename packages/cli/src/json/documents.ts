import { z } from "zod";
import { kitReport } from "./kit-report.ts";

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
const secretIn = { secret: z.string().describe("its name"), store: z.string().describe("name of the secret store"), flavor: z.string() };

const place = z.strictObject({ file: z.string().describe("from the project's folder"), line: z.int() });
const done = z.boolean().describe("false for a dry run");
const change = z.enum(["created", "updated", "unchanged", "deleted"]);
const stackChange = z.strictObject({ stack: z.string(), change, file: z.string().nullable(), moved: z.array(z.string()).describe("components whose definition was kept in stacks/components.yaml") });
const componentChange = z.strictObject({ component: z.string(), type: z.string(), change, file: z.string().nullable() });
const component = z.strictObject({ component: z.string(), type: z.string(), flavor: z.string(), aliases: z.array(z.string()), at: place.nullable().describe("null for one that is built in"), stacks: z.array(z.string()).describe("that have it") });
const source = z.enum(["--stack", "activateStack", "MLSTACK_STACK", "stack set", "default_stack", "built-in"]).describe("who has named it");

const deployment = z.strictObject({
  name: z.string(), id: z.string().describe("what the service calls it"), url: z.string(), protocol: z.string().describe("oip/2: Open Inference Protocol v2"), version: z.string().nullable().describe("the one that serves the most"),
  digest: z.string().describe("of that version's model"), state: z.enum(["pending", "ready", "failed", "stopped"]), reason: z.string().nullable().describe("why it, or its newer version, failed"),
  versions: z.array(z.strictObject({ id: z.string(), digest: z.string(), state: z.enum(["pending", "ready", "draining", "failed"]), traffic: z.number().describe("share, 0 to 1"), replicas: z.int().nullable() })),
});

const tensors = z.array(z.strictObject({ name: z.string(), datatype: z.string(), shape: z.array(z.int()).describe("-1: any size") })).nullable().describe("null where the model can't be asked");

const tally = z.strictObject({ blobs: z.int(), bytes: z.number() });
const changes = z.array(z.looseObject({ part: z.string(), what: z.string() }));
const changedResult = z.strictObject({ key: z.string(), step: z.string().nullable(), stores: z.array(z.string()) });

const bundled = z.array(z.strictObject({ package: z.string(), version: z.string(), pinned: z.boolean().describe("by the lock of the project that it was exported from") }));
const skipped = z.array(z.string()).describe("rules that --skip has left out");
const packed = {
  package: z.string(), version: z.string(), size: z.int().describe("of the tarball, in bytes"), unpackedSize: z.int().describe("of its files together, in bytes"), integrity: z.string().describe("as registries have it: sha512-…"),
  digest: z.string().describe("of the files, as mlstack.lock has it: sha256:…"),
};
const granted = z.strictObject({ env: z.array(z.string()), files: z.array(z.string()), hosts: z.array(z.string()), processes: z.array(z.string()) });
const integration = z.strictObject({
  name: z.string(), title: z.string(), state: z.enum(["available", "built-in", "planned"]), source: z.enum(["mlstack", "third-party"]), package: z.string().nullable(), version: z.string().nullable().describe("the newest that the catalog knows"),
  installed: z.string().nullable().describe("the version that mlstack.lock has"), types: z.array(z.string()),
});
const lockedPlugin = z.strictObject({
  version: z.string(), source: z.enum(["registry", "tarball", "workspace"]), integrity: z.string().optional(), files: z.string().optional().describe("of its files; not known before it was fetched"), manifest: z.string(), configSchema: z.string(),
  contracts: z.array(z.string()), capabilities: granted, core: z.string(), node: z.string().optional(),
  trust: z.strictObject({ provenance: z.boolean(), cooldown: z.literal("excepted").optional(), lostProvenance: z.literal("accepted").optional(), override: z.literal("accepted").optional() }), tree: z.string().optional().describe("of what it depends on; not known before it is installed"),
});
const savedComponent = { type: z.string(), component: z.string(), file: z.string(), line: z.int(), stacks: z.array(z.string()).describe("that have it") };
const integrationChange = z.strictObject({
  done,
  changes: z.array(z.strictObject({
    change: z.enum(["add", "change", "remove"]), package: z.string(), from: z.string().nullable(), to: z.string().nullable(), source: z.enum(["registry", "tarball", "workspace"]).nullable(), override: z.boolean().describe("whether it is a folder in the place of a published package"), why: z.string(), permissions: granted,
    widened: z.array(z.string()).describe("what it may reach that it could not before"), exceptions: z.array(z.enum(["cooldown", "lostProvenance"])), contracts: z.strictObject({ gained: z.array(z.string()), lost: z.array(z.string()), moved: z.array(z.strictObject({ from: z.string(), to: z.string() })).describe("to another version of the same") }), installScript: z.boolean().describe("whether it has one; it is not run"),
    step: z.enum(["major", "minor", "patch", "prerelease", "back"]).nullable().describe("by semver; null where the version stays, and for one that is added or removed"), compatible: z.boolean().describe("whether semver calls it so"), flavors: z.strictObject({ gained: z.array(z.string()), lost: z.array(z.string()) }).describe("such as \"artifact_store s3\""),
    configChanged: z.boolean().describe("whether its configurations have other schemas than before"),
    configChanges: z.array(z.strictObject({ component: z.string().describe("type and flavor"), key: z.string().describe("as in a stack's file; empty for the configuration as a whole"), kind: z.enum(["added", "removed", "required", "optional", "type", "default", "values", "secret", "rule"]), before: z.string().nullable(), after: z.string().nullable() })).nullable().describe("null where the manifest that is used now is not known"),
    refused: z.array(z.strictObject({ ...savedComponent, code, reason: z.string(), already: z.boolean().describe("whether it is refused now, too") })).describe("components of this project's files that the new version would refuse"),
    users: z.array(z.strictObject(savedComponent)).describe("components of this project's files that only this integration can make"),
    lostResults: z.array(z.strictObject({ pipeline: z.string(), step: z.string(), results: z.int() })).describe("recorded results that will not be found any more: their keys have this version of the package in them"),
    passedOver: z.array(z.strictObject({ version: z.string(), obstacle: z.string(), code, reason: z.string() })).describe("newer versions that are not taken"),
  })),
  kept: z.array(z.strictObject({ package: z.string(), version: z.string() })), builtIn: z.array(z.string()), planned: z.array(z.string()).describe("left out"), scripts: z.array(z.string()).describe("packages with an install script that came along, or would; none was run"),
  scriptsUnknown: z.array(z.string()).describe("of a dry run: dependencies of which it is not known before whether they have one"),
  lock: z.strictObject({ before: z.record(z.string(), lockedPlugin).nullable().describe("null where there is no lock"), after: z.record(z.string(), lockedPlugin).nullable().describe("of a plan what is known of it; null where there will be none") }),
});

const doctorReport = z.strictObject({ project: z.string(), checks: z.array(z.strictObject({ name: z.string(), status: z.enum(["ok", "warning", "error"]), message: z.string(), fix: z.string().nullable() })) });

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
  init: z.strictObject({ dir: z.string(), written: z.array(z.string()), kept: z.array(z.string()) }),
  "config-show": z.array(z.strictObject({
    setting: z.string(), value: z.json().describe("secrets are references, or [secret]; null for what is not decided yet"),
    origin: z.strictObject({ kind: z.enum(["flag", "variable", "file", "default"]), name: z.string().nullable().describe("the flag, variable or file; null for a default"), line: z.int().nullable() }),
  })),
  "stack-list": z.array(z.strictObject({ stack: z.string(), active: z.boolean(), source: source.nullable(), file: z.string().nullable().describe("null for the built-in one"), components: z.record(z.string(), z.string()).describe("names by type"), error: errorSchema.nullable().describe("why its file can't be used") })),
  "stack-describe": z.strictObject({
    stack: z.string(), active: z.boolean(), source: source.nullable(), file: z.string().nullable(),
    components: z.array(z.strictObject({
      type: z.string(), name: z.string(), flavor: z.string(), aliases: z.array(z.string()), configuration: json.describe("as written; secrets are references"), at: place.nullable(),
      plugin: z.strictObject({ name: z.string(), version: z.string() }).nullable(), error: errorSchema.nullable().describe("why it can't be used here"), used: z.boolean().describe("whether anything uses components of this type"),
    })),
  }),
  "stack-set": z.strictObject({ stack: z.string(), before: z.string(), changes: z.array(z.strictObject({ type: z.string(), before: z.string().nullable(), after: z.string().nullable() })) }),
  "stack-register": stackChange, "stack-update": stackChange, "stack-copy": stackChange, "stack-apply": stackChange, "stack-delete": stackChange.extend({ done }),
  "stack-export": z.strictObject({ stack: z.string(), file: z.string().nullable(), text: z.string() }),
  "stack-verify": z.strictObject({
    stack: z.string(), ok: z.boolean(),
    components: z.array(z.strictObject({ type: z.string(), name: z.string().nullable(), flavor: z.string().nullable(), ok: z.boolean(), error: errorSchema.nullable(), findings: z.array(z.strictObject({ name: z.string(), ok: z.boolean(), message: z.string(), ms: z.int().nullable() })) })),
  }),
  "component-list": z.array(component), "component-describe": component.extend({ configuration: json }), "component-register": componentChange, "component-update": componentChange, "component-delete": componentChange.extend({ done }),
  "integration-list": z.array(integration), "integration-search": z.array(integration),
  "integration-info": z.array(integration.extend({
    description: z.string(), homepage: z.string().nullable(), core: z.string().nullable(), node: z.string().nullable(), evidence: json.describe("null where nobody has measured or asked"), versions: z.array(json).describe("the newest first"),
    components: z.array(z.strictObject({ type: z.string(), contract: z.string(), flavor: z.string(), description: z.string(), config: json.describe("JSON Schema"), permissions: json, contractPackage: z.string().nullable().describe("the package that brings the type; null for types of mlstack's, and of the same package") })),
    contracts: z.array(z.strictObject({ type: z.string(), accepts: z.array(z.int()), stability: z.enum(["experimental", "stable"]) })).describe("component types that it brings"),
    planned: z.array(z.strictObject({ type: z.string(), flavor: z.string() })), formats: z.array(z.strictObject({ format: z.string(), description: z.string() })),
  })),
  "integration-install": integrationChange, "integration-uninstall": integrationChange, "integration-upgrade": integrationChange,
  "integration-verify": z.array(z.strictObject({ package: z.string(), version: z.string().nullable(), of: z.string().nullable().describe("the integration that depends on it; null for an integration"), ok: z.boolean(), error: errorSchema.nullable() })),
  "integration-lock": z.strictObject({ written: z.boolean(), same: z.boolean(), changes: z.array(z.strictObject({ package: z.string(), from: z.string().nullable(), to: z.string().nullable(), widened: z.array(z.string()).optional().describe("what it may reach that it could not before; left out where there is nothing") })) }),
  "integration-bundle-export": z.strictObject({ file: z.string(), size: z.int().describe("in bytes"), tarballs: z.int(), integrations: bundled, elsewhere: z.array(z.string()).describe("packages that no registry has, and the bundle neither"), local: z.array(z.string()).describe("integrations that are files of the project") }),
  "integration-bundle-import": z.strictObject({ file: z.string(), done, size: z.int().describe("in bytes"), packages: z.int(), tarballs: z.int(), platforms: z.array(z.string()).nullable().describe("null for all"), integrations: bundled }),
  "integration-permissions": z.array(z.strictObject({ package: z.string(), version: z.string(), granted, beyond: z.array(z.string()).describe("what the installed one wants and was not granted") })),
  "integration-outdated": z.array(z.strictObject({ package: z.string(), current: z.string(), wanted: z.string(), latest: z.string().nullable(), blocked: z.strictObject({ version: z.string(), code, reason: z.string() }).nullable(), deprecated: z.string().nullable() })),
  "integration-rollback": z.array(z.strictObject({ id: z.int(), change: z.string(), folder: z.string().describe("of the package that it was of, as seen from the workspace's root; . for that, and where there is no workspace"), at: time, done })),
  "deployment-list": z.array(deployment),
  "deployment-show": deployment.extend({ inputs: tensors, outputs: tensors }),
  "deployment-predict": z.strictObject({
    deployment: z.string(), version: z.string().nullable().describe("the one that answered"), id: z.string().nullable().describe("as in the request"),
    outputs: z.array(z.strictObject({ name: z.string(), datatype: z.string(), shape: z.array(z.int()), data: z.array(z.union([z.number(), z.boolean(), z.string()])) })),
  }),
  "deployment-logs": z.array(z.strictObject({ time, version: z.string().nullable(), text: z.string() })),
  "deployment-stop": deployment,
  "deployment-start": deployment,
  "deployment-delete": z.strictObject({ deployment: z.string(), deleted: z.boolean().describe("false for a dry run") }),
  "run-explain": z.strictObject({
    pipeline: z.string(),
    steps: z.array(z.strictObject({
      step: z.string(), foretold: z.enum(["cached", "run", "unknown", "skipped"]), summary: z.string().describe("one sentence"), key: z.string().nullable(), meant: z.boolean().describe("its author wants it to be run each time"),
      reasons: z.array(z.looseObject({ rule: z.string(), message: z.string(), fix: z.string() })).describe("why it is never cached"), waitsFor: z.array(z.string()).describe("steps whose results decide"), changes: changes.describe("what differs from the nearest earlier result"),
      madeBy: z.strictObject({ run: z.string(), step: z.string(), at: time }).nullable(), comparedWith: z.strictObject({ run: z.string(), step: z.string(), at: time }).nullable(),
    })),
  }),
  gc: z.strictObject({
    store: z.string(), done: z.boolean().describe("false for a plan"), before: time.describe("what was written or touched later stays"),
    remove: z.strictObject({ released: tally.describe("named only by runs that ended too long ago"), abandoned: tally.describe("named only by runs that never ended"), unnamed: tally.describe("named by no run") }),
    keep: z.strictObject({ named: tally, young: tally }), removed: z.int().nullable().describe("blobs that are gone"), spared: z.int().nullable().describe("blobs that were touched meanwhile"),
    results: z.int().describe("action entries and marks that go"), journals: z.int(), runs: z.strictObject({ kept: z.int(), goingOn: z.array(z.strictObject({ project: z.string(), run: z.string(), since: time })), released: z.array(z.string()), abandoned: z.array(z.string()) }),
    projects: z.array(z.strictObject({ project: z.string(), own: z.boolean(), runs: z.int() })),
  }),
  "cache-list": z.array(z.strictObject({ key: z.string(), step: z.string(), run: z.string(), project: z.string(), madeAt: time, ms: z.number(), platform: z.string(), outputs: z.array(z.strictObject({ output: z.string(), format: z.string(), size: z.number() })), differed: z.array(z.string()).describe("runs that gave other outputs: while there are any, it is not served") })),
  "cache-evict": z.array(changedResult.extend({ done })),
  "cache-accept": z.array(changedResult),
  lineage: z.strictObject({
    start: z.array(z.string()), truncated: z.boolean(),
    nodes: z.array(z.discriminatedUnion("kind", [
      z.strictObject({ kind: z.literal("artifact"), id: z.string(), artifact: z.string().describe("one of its names: RUN/STEP.OUTPUT"), digest: z.string(), format: z.string(), size: z.number() }),
      z.strictObject({ kind: z.literal("step"), id: z.string(), run: z.string(), step: z.string(), at: time.nullable(), runs: z.int().nullable().describe("in how many runs its result was used") }),
      z.strictObject({ kind: z.literal("data"), id: z.string(), uri: z.string(), digest: z.string().nullable() }),
    ])),
    edges: z.array(z.strictObject({ from: z.string(), to: z.string(), port: z.string() })).describe("from what is earlier to what is later"),
  }),
  why: z.looseObject({ run: z.string(), node: z.string(), status: stepStatus, summary: z.string(), reasons: z.array(z.looseObject({ rule: z.string(), message: z.string(), fix: z.string() })), changes: z.array(z.looseObject({ what: z.string() })) }),
  "secret-set": z.strictObject({ ...secretIn, replaced: z.boolean().describe("whether there was one before") }),
  "secret-list": z.array(z.strictObject({ ...secretIn, changedAt: time.nullable() })),
  "secret-delete": z.strictObject({ ...secretIn, done }),
  "plugin-test": kitReport,
  "plugin-manifest": z.strictObject({ package: z.string(), entry: z.string(), same: z.boolean().describe("before anything was written"), written: z.boolean(), differs: z.array(z.string()).describe("places in the manifest, such as components[0].config") }),
  "plugin-check": z.strictObject({
    package: z.string(), version: z.string().nullable(), rules: z.int().describe("how many were applied"), skipped, errors: z.int(), warnings: z.int(),
    findings: z.array(z.strictObject({ rule: z.string().describe("stable: docs/plugins/check.md"), level: z.enum(["error", "warning"]), at: z.string().describe("a path from the plugin's folder"), found: z.string(), expected: z.string(), fix: z.string() })),
  }),
  "plugin-pack": z.strictObject({ ...packed, skipped, file: z.string().describe("the tarball, an absolute path"), files: z.array(z.strictObject({ path: z.string(), size: z.int(), digest: z.string().nullable().describe("null for a file that does not count") })) }),
  "plugin-publish": z.strictObject({
    ...packed, skipped, files: z.int().describe("how many"), registry: z.string(), tag: z.string(), done, proven: z.boolean().describe("by mlstack plugin test"), provenance: z.string().nullable().describe("who has signed where it was built; null for nobody"),
  }),
  lint: z.strictObject({
    modules: z.int(), steps: z.int(), errors: z.int(), warnings: z.int(),
    findings: z.array(z.strictObject({ rule: z.string(), severity: z.enum(["error", "warning"]), steps: z.array(z.string()).describe("names of the steps that reach it"), message: z.string(), fix: z.string(), at: z.string().describe("file:line:column, from the project's root") })),
  }),
  doctor: doctorReport, "integration-doctor": doctorReport,
  "explain-list": z.array(z.strictObject({ code, title: z.string(), exitCode: z.int() })),
  explain: z.strictObject({ code, title: z.string(), exitCode: z.int(), why: z.string().nullable(), mends: z.array(z.string()), docs: z.url() }),
} as const;

export type CommandName = keyof typeof commands;
/** What a command prints as `data`. */
export type DataOf<C extends CommandName> = z.input<(typeof commands)[C]>;

/** The whole documents, by command; `error` for one that ends before it has data. */
export const documents: Readonly<Record<CommandName | "error", z.ZodType>> = {
  ...(Object.fromEntries(Object.entries(commands).map(([name, data]) => [name, z.strictObject({ schemaVersion: z.literal(1), data, warnings: z.array(z.string()), error: errorSchema.optional().describe("why the exit code is not 0") })])) as unknown as Record<CommandName, z.ZodType>),
  error: z.strictObject({ schemaVersion: z.literal(1), error: errorSchema.extend({ report: z.string().optional().describe("of a bug: the file that tells of it") }) }),
};
