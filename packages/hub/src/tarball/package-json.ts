import { MlstackError } from "@mlstack/core/errors";
import { z } from "zod";

const ranges = z.record(z.string(), z.string()).catch({});
const packageJson = z.looseObject({
  name: z.string().min(1), version: z.string().min(1), mlstack: z.unknown().optional(), engines: ranges.default({}), dependencies: ranges.default({}), optionalDependencies: ranges.default({}), peerDependencies: ranges.default({}),
  peerDependenciesMeta: z.record(z.string(), z.looseObject({ optional: z.boolean().optional().catch(undefined) })).catch({}).default({}), scripts: ranges.default({}), description: z.string().optional().catch(undefined),
});

/** What a package says of itself, in its package.json. */
export interface DescribedPackage {
  readonly name: string;
  readonly version: string;
  /** The `mlstack` field, as found; undefined where it is no integration. */
  readonly manifest: unknown;
  readonly description: string | undefined;
  readonly engines: Readonly<Record<string, string>>;
  /** Optional ones among them. */
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  /** Names of peers that it can do without. */
  readonly optionalPeers: readonly string[];
  /** Whether installing it would run something of it, where scripts are run. */
  readonly hasInstallScript: boolean;
}

/**
 * Reads the text of a package.json.
 *
 * @param has whether the package has a file of that name: `binding.gyp` alone makes npm run a compiler
 * @throws MLS8202 when it is none
 */
export function packageOf(text: string, where: string, has: (path: string) => boolean = () => false): DescribedPackage {
  let value: unknown;
  try { value = JSON.parse(text.replace(/^\uFEFF/, "")); } catch (cause) { throw invalid(where, cause instanceof Error ? cause.message : String(cause)); }
  const { data, error } = packageJson.safeParse(value);
  if (data === undefined) throw invalid(where, `${error.issues[0]?.path.join(".") ?? ""} ${error.issues[0]?.message ?? ""}`.trim());
  const { name, version, mlstack: manifest, description, engines, peerDependencies, peerDependenciesMeta, scripts } = data;
  const optionalPeers = Object.keys(peerDependenciesMeta).filter((peer) => peerDependenciesMeta[peer]?.optional === true);
  const scripted = ["preinstall", "install", "postinstall"].some((script) => scripts[script] !== undefined);
  return { name, version, manifest, description, engines, dependencies: { ...data.dependencies, ...data.optionalDependencies }, peerDependencies, optionalPeers, hasInstallScript: scripted || (has("binding.gyp") && scripts["preinstall"] === undefined) };
}

function invalid(where: string, problem: string): MlstackError {
  return new MlstackError("MLS8202", `${where} has no valid package.json: ${problem}`, { fix: "tell the package's author", details: { package: where, problem } });
}
