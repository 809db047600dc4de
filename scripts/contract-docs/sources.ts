import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseSync } from "oxc-parser";
import { declarationsOf, type Declaration } from "./declarations.ts";

/** A page of the reference: some modules of core, and the suite of a contract. */
export interface PageSource {
  /** Its file's name, without `.md`. */
  readonly name: string;
  readonly title: string;
  /** Below packages/core/src. */
  readonly modules: readonly string[];
  /** The component type that it is about. */
  readonly type?: string;
  /** What the page is about, where the first declaration does not say it. */
  readonly about?: string;
  /** Paths from docs/, with what is to be found there. */
  readonly more?: readonly (readonly [path: string, what: string])[] | undefined;
}

const reasons = (type: string): PageSource["more"] => [[`contracts/${type}.md`, "why it is so, and how services that are very different keep to it"]];

export const PAGES: readonly PageSource[] = [
  { name: "component", title: "What all components have in common", modules: ["contracts/component.ts", "contracts/registry.ts", "values/json.ts"], about: "What the engine expects of a component of whatever type, what it tells it, and what it knows of types." },
  { name: "artifact_store", title: "artifact_store@1", type: "artifact_store", modules: ["contracts/artifact-store.ts"], more: reasons("artifact_store") },
  { name: "orchestrator", title: "orchestrator@1", type: "orchestrator", modules: ["contracts/orchestrator.ts", "contracts/orchestrator-compile.ts"], more: reasons("orchestrator") },
  { name: "experiment_tracker", title: "experiment_tracker@1", type: "experiment_tracker", modules: ["contracts/experiment-tracker.ts", "contracts/tracked-names.ts"], more: reasons("experiment_tracker") },
  { name: "model_deployer", title: "model_deployer@1", type: "model_deployer", modules: ["contracts/model-deployer.ts", "contracts/tensors.ts"], more: reasons("model_deployer") },
  { name: "secret_store", title: "secret_store@1", type: "secret_store", modules: ["contracts/secret-store.ts"], more: [["secrets.md", "secrets, from a user's side"]] },
  { name: "formats", title: "Artifact types, codecs and their files", type: "format", modules: ["formats/artifact-type.ts", "formats/artifact-dir.ts"], about: "What a format of a plugin is made of.", more: [["guides/formats.md", "formats by example"]] },
  { name: "plugin", title: "Plugins and their manifests", modules: ["plugin/define-plugin.ts", "plugin/manifest.ts", "plugin/references.ts", "plugin/check-config.ts", "plugin/negotiate.ts"], about: "What a package's plugin entry and the `mlstack` field of its package.json hold.", more: [["plugins/versioning.md", "what is promised of versions"]] },
];

const KIT = "packages/testkit/src/conformance";

/** Public declarations of core by page. */
export function declarationsFor(page: PageSource, root: string): readonly Declaration[] {
  const exported = new Set(exportsOf(readFileSync(join(root, "packages/core/src/index.ts"), "utf8")));
  return page.modules.flatMap((module) => read(join("packages/core/src", module), root)).filter(({ name }) => exported.has(name));
}

/** What a suite's subject is made of, and what is said of the suite itself. */
export function suiteSource(type: string, root: string): { readonly folder: string; readonly suite: Declaration | undefined; readonly subject: readonly Declaration[] } | undefined {
  const name = type.replaceAll("_", "-");
  const folder = readdirSync(join(root, KIT), { withFileTypes: true }).find((e) => e.isDirectory() && e.name === name);
  if (folder === undefined) return undefined;
  const exported = new Set(exportsOf(readFileSync(join(root, KIT, "index.ts"), "utf8")));
  const path = `${KIT}/${name}`;
  return {
    folder: path, suite: read(`${path}/index.ts`, root).find((d) => d.name.endsWith("Suite")),
    // a context is what cases get: of interest to who writes a suite
    subject: read(`${path}/subject.ts`, root).filter((d) => exported.has(d.name) && d.kind !== "function" && !d.name.endsWith("Context")),
  };
}

const read = (path: string, root: string): readonly Declaration[] => declarationsOf(path, readFileSync(join(root, path), "utf8"));

/** The names that an index exports of other modules. */
function exportsOf(text: string): string[] {
  return parseSync("index.ts", text).program.body.flatMap((s) => (s.type === "ExportNamedDeclaration" ? s.specifiers.map((one) => (one.exported.type === "Identifier" ? one.exported.name : "")) : []));
}
