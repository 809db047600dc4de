import { broughtContracts, contractRegistry, incompatibility, pluginManifest, type ContractRegistry, type ErrorCode, type MlstackError, type PluginManifest } from "@mlstack/core";
import satisfies from "semver/functions/satisfies.js";
import validRange from "semver/ranges/valid.js";

/** What an integration has to fit. */
export interface ProjectFacts {
  readonly coreVersion: string;
  /** Those of core and of the integrations that the project has. */
  readonly contracts: ContractRegistry;
  /** Such as `24.11.0`. */
  readonly nodeVersion: string;
}

/** `scope`, `age`, `cooldown` and `provenance` are the policy's. */
export type ObstacleKind = "none" | "manifest" | "core" | "contract" | "node" | "integrity" | "deprecated" | "scope" | "age" | "cooldown" | "provenance";

/** Why a version is not taken. */
export interface Obstacle {
  readonly version: string;
  readonly kind: ObstacleKind;
  /** The code of the error where this is the only reason. */
  readonly code: ErrorCode;
  /** A half sentence: `needs @mlstack/core ^3.0, this project has 2.8.1`. */
  readonly reason: string;
  /** What mends it, where that is not another version. */
  readonly fix?: string | undefined;
  /** ISO 8601: when it is no obstacle any more. */
  readonly until?: string | undefined;
}

/** What is looked at: of a registry's version, a tarball or a folder. */
export interface FitSubject {
  readonly name: string;
  readonly version: string;
  readonly manifest: unknown;
  readonly engines: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
}

const CORE = "@mlstack/core";

/**
 * Whether a version works in this project, by what it says of itself: core, contracts, Node. A range that every core is in says nothing of
 * any, and is none.
 */
export function fitProblem(subject: FitSubject, project: ProjectFacts): { readonly obstacle: Obstacle } | { readonly manifest: PluginManifest } {
  const { name, version, engines, dependencies, peerDependencies } = subject;
  const obstacle = (kind: ObstacleKind, code: ErrorCode, reason: string): { obstacle: Obstacle } => ({ obstacle: { version, kind, code, reason } });
  if (subject.manifest === undefined || subject.manifest === null) return obstacle("none", "MLS8407", "has no manifest, the \"mlstack\" field of package.json");
  const { data: manifest, error } = pluginManifest.safeParse(subject.manifest);
  if (manifest === undefined) return obstacle("manifest", "MLS2001", `has an invalid manifest: ${error.issues[0]!.path.join(".") || "mlstack"}: ${error.issues[0]!.message}`);
  const range = validRange(manifest.core);
  if (range === null || range === "*") return obstacle("manifest", "MLS2001", `has an invalid manifest: core: "${manifest.core}" ${range === null ? "is no range" : "is every version, which says nothing"}`);
  const second = Object.entries({ peerDependencies, dependencies }).find(([, list]) => list[CORE] !== undefined && !satisfies(project.coreVersion, list[CORE], { includePrerelease: true }));
  const contract = contractProblem(name, version, manifest, project);
  if (contract !== undefined) return { obstacle: { ...obstacle(contract.code === "MLS2004" ? "core" : "contract", contract.code, contract.message.replace(`${name}@${version} `, "")).obstacle, fix: withOwner(name, contract) } };
  if (second !== undefined) return obstacle("core", "MLS2004", `wants ${CORE} ${second[1][CORE]!} by its ${second[0]}, this project has ${project.coreVersion}: it would bring a second one`);
  const node = engines["node"];
  if (node !== undefined && !satisfies(project.nodeVersion, node, { includePrerelease: true })) return obstacle("node", "MLS8403", `needs Node ${node}, this is ${project.nodeVersion}`);
  return { manifest };
}

/** What is wrong with the component types that it implements and brings: MLS2001 to MLS2004, MLS2011. */
function contractProblem(name: string, version: string, manifest: PluginManifest, { contracts, coreVersion }: ProjectFacts): MlstackError | undefined {
  const others = [...contracts.values()].filter(({ broughtBy }) => broughtBy?.name !== name);
  const sources = others.flatMap((c) => (c.broughtBy === undefined ? [] : [{ ...c.broughtBy, contracts: [{ type: c.type, accepts: [...c.accepts], stability: c.stability }] }]));
  const { contracts: known, problems } = broughtContracts([{ name, version, contracts: manifest.contracts }, ...sources]);
  return problems.get(name) ?? incompatibility({ name, version }, manifest, contractRegistry([...others, ...known.values()]), coreVersion, { installCommand: () => "" });
}

/** What mends it, where that is not another version: of a type that another package brings, that package, or its newest version. */
function withOwner(name: string, { code, fix, details }: MlstackError): string | undefined {
  const { contractPackage, newer } = (details ?? {}) as { readonly contractPackage?: string; readonly newer?: boolean };
  if (code === "MLS2011" || code === "MLS2001") return fix;
  if (contractPackage === undefined || newer === false) return undefined;
  return `mlstack integration install ${contractPackage}${code === "MLS2003" ? "@latest" : ""} ${name}`;
}
