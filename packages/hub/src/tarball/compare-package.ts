import { MlstackError } from "@mlstack/core/errors";
import { canonicalJson } from "../digest/digest.ts";
import { packageOf, type DescribedPackage } from "./package-json.ts";
import type { PackageFiles } from "./read-tarball.ts";

/** What was decided by: what a registry says of a version. */
export type ExpectedPackage = Pick<DescribedPackage, "name" | "version" | "manifest" | "engines" | "dependencies" | "peerDependencies" | "hasInstallScript">;

/** The facts that a decision rests on, with their names in messages. */
const FACTS = { name: "its name", version: "its version", manifest: "its manifest", engines: "the Node that it needs", dependencies: "its dependencies", peerDependencies: "its peer dependencies", installScript: "its install script" } as const;

/**
 * Holds a tarball against what its registry says of it: who decides by a description must install what is described.
 *
 * @throws MLS8203 naming the facts that differ; MLS8202 when it has no package.json
 */
export function comparePackage(files: PackageFiles, expected: ExpectedPackage): DescribedPackage {
  const who = `${expected.name}@${expected.version}`;
  const bytes = files.get("package.json");
  const text = bytes === undefined ? "" : Buffer.from(bytes).toString("utf8");
  const found = packageOf(text, who, (path) => files.has(path));
  // a script that the registry conceals. One that is implied by binding.gyp need not be written down by those who publish
  const installScript = packageOf(text, who).hasInstallScript && !expected.hasInstallScript;
  const differs = (Object.keys(FACTS) as (keyof typeof FACTS)[]).filter((fact) => (fact === "installScript" ? installScript : canonicalJson(found[fact] ?? null) !== canonicalJson(expected[fact] ?? null)));
  if (differs.length === 0) return found;
  const names = differs.includes("name") || differs.includes("version") ? ` (it is ${found.name}@${found.version})` : "";
  throw new MlstackError("MLS8203", `the package ${who} says something else of itself than its registry does: ${differs.map((fact) => FACTS[fact]).join(", ")}${names}`, {
    why: "it was chosen by what the registry says, and that does not hold for what would be installed",
    fix: "do not install it; its authors: publish a version again, whose package.json is not changed while it is published", details: { package: expected.name, version: expected.version, found: `${found.name}@${found.version}`, differs },
  });
}
