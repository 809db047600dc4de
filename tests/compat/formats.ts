import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

const root = join(import.meta.dirname, "..", "..");

/** What is written down, and read by later versions. */
export interface Format {
  readonly id: string;
  /** Which kind of snapshot has it. */
  readonly kind: SnapshotKind;
  /** Where its current version stands in the source, and how. */
  readonly source: string;
  readonly version: RegExp;
}

export type SnapshotKind = "project" | "hub" | "documents";

export const FORMATS: readonly Format[] = [
  { id: "plugin manifest", kind: "documents", source: "packages/core/src/plugin/manifest.ts", version: /manifestVersion: z\.literal\((\d+)\)/ },
  { id: "plan", kind: "documents", source: "packages/pipeline/src/plan/plan.ts", version: /planVersion: z\.literal\((\d+)\)/ },
  { id: "step specification", kind: "documents", source: "packages/core/src/contracts/orchestrator.ts", version: /readonly version: (\d+);/ },
  { id: "driver specification", kind: "documents", source: "packages/engine/src/run/detach.ts", version: /readonly version: (\d+);/ },
  { id: "catalog", kind: "documents", source: "packages/hub/src/catalog/schema.ts", version: /catalogVersion: z\.literal\((\d+)\)/ },
  { id: "action entry", kind: "project", source: "packages/engine/src/store/action-space.ts", version: /readonly entryVersion: (\d+);/ },
  { id: "deployment record", kind: "project", source: "packages/engine/src/deploy/deployment-folder.ts", version: /recordVersion: z\.literal\((\d+)\)/ },
  { id: "deployed version", kind: "project", source: "packages/engine/src/deploy/deployment-folder.ts", version: /readonly versionVersion: (\d+);/ },
  { id: "secret", kind: "project", source: "packages/engine/src/secrets/sealed-secret.ts", version: /secretVersion: z\.literal\((\d+)\)/ },
  { id: "project file", kind: "project", source: "packages/engine/src/project-files/project-file.ts", version: /write version: (\d+)/ },
  { id: "stack file", kind: "project", source: "packages/engine/src/project-files/stack-edits.ts", version: /\{ version: (\d+), name/ },
  // the number of migrations that there are
  { id: "records", kind: "project", source: "packages/engine/src/records/migrations.ts", version: /async function \w+\(db\)/g },
  // they have no version of their own: fields are added, and none is taken away
  { id: "journal", kind: "project", source: "packages/engine/src/store/layout.ts", version: /journal: \(run: string/g },
  { id: "content and lists", kind: "project", source: "packages/engine/src/store/layout.ts", version: /blob: \(sha256: string\)/g },
  { id: "roots", kind: "project", source: "packages/engine/src/store/layout.ts", version: /root: \(project: string/g },
  { id: "mlstack.lock", kind: "hub", source: "packages/hub/src/lock/lock.ts", version: /LOCK_VERSION = (\d+)/ },
  { id: "bundle", kind: "hub", source: "packages/hub/src/bundle/bundle-index.ts", version: /BUNDLE_VERSION = (\d+)/ },
  { id: "generation", kind: "hub", source: "packages/hub/src/apply/generation.ts", version: /generationVersion: z\.literal\((\d+)\)/ },
  { id: "change that is going on", kind: "hub", source: "packages/hub/src/apply/change.ts", version: /pendingDocument = z\.object/g },
];

/** The version that is written today: the number behind the words, or how often they stand there. */
export function currentVersion({ id, source, version }: Format): number {
  const text = readFileSync(join(root, source), "utf8");
  if (version.global) return text.match(version)?.length ?? 0;
  const found = version.exec(text)?.[1];
  if (found === undefined) throw new Error(`${source} does not say which version of the ${id} there is: correct tests/compat/formats.ts`);
  return Number(found);
}

/** What looks like the version of a format, in all sources of the packages: `packages/hub/src/lock/lock.ts LOCK_VERSION = 1`. */
export function versionsInSources(): string[] {
  const versions = /\b(?:\w+Version: z\.literal\(\d+\)|readonly (?:\w+Version|version): \d+;|[A-Z]+_VERSION = \d+)/g;
  const files = readdirSync(join(root, "packages"), { recursive: true, withFileTypes: true }).filter((e) => e.isFile() && e.name.endsWith(".ts") && !e.name.endsWith(".test.ts"))
    .map((e) => relative(root, join(e.parentPath, e.name)).replaceAll("\\", "/")).filter((path) => /^packages\/[^/]+\/src\//.test(path) && !/\/(testing|fixtures)\//.test(path));
  return files.flatMap((file) => [...readFileSync(join(root, file), "utf8").matchAll(versions)].map(([text]) => `${file} ${text}`));
}
