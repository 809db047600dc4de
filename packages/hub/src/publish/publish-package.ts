import { createHash } from "node:crypto";
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MlstackError } from "@mlstack/core/errors";
import inc from "semver/functions/inc.js";
import prerelease from "semver/functions/prerelease.js";
import maxSatisfying from "semver/ranges/max-satisfying.js";
import { integrityProblem } from "../digest/index.ts";
import { shownUrl } from "../registry/faults.ts";
import { npmSettings } from "../registry/npm-settings.ts";
import { openRegistry } from "../registry/open-registry.ts";
import { plainUrl } from "../registry/packument.ts";
import type { Registry } from "../registry/registry.ts";
import { runTo, type PackedPackage, type PublishRun } from "./pack-folder.ts";

export interface PublishOptions {
  /** Goes before the default registry of npm's settings and the one in `publishConfig`, not before the registry that a scope has. */
  readonly registry?: string | undefined;
  /** `latest` by default; `next` for a version before a release. */
  readonly tag?: string | undefined;
}

/** Where a package is going to be published to, and under which tag. */
export interface PublishTarget {
  /** With a slash at its end, without credentials. */
  readonly url: string;
  /** The same as it is shown: host and path. */
  readonly shown: string;
  readonly tag: string;
  /** Versions of the package that are there, in no order; empty for a new one. */
  readonly versions: readonly string[];
  /** For whoever reads the registry as it will be written. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

interface Packument { readonly versions?: Readonly<Record<string, { readonly dist?: { readonly integrity?: unknown; readonly shasum?: unknown } }>>; readonly time?: Readonly<Record<string, unknown>> }

/**
 * Finds the registry that npm's settings and the package lead to, and asks it for the versions that there are.
 *
 * @throws MLS8715 the version is there, or was; MLS8101, MLS8103, MLS8104, MLS8106
 */
export async function publishTarget(dir: string, { described, files }: PackedPackage, run: PublishRun & { readonly cacheDir: string }, options: PublishOptions = {}): Promise<PublishTarget> {
  const { name, version } = described;
  const { publishConfig = {} } = JSON.parse(Buffer.from(files.get("package.json")!).toString("utf8")) as { readonly publishConfig?: Readonly<Record<string, unknown>> };
  const said = (key: string): string | undefined => (typeof publishConfig[key] === "string" ? publishConfig[key] : undefined);
  const ofScope = name.startsWith("@") ? `${name.split("/")[0]!}:registry` : undefined;
  const settings = await npmSettings({ projectDir: dir, env: run.env, registry: options.registry ?? said("registry") });
  const url = (ofScope === undefined ? undefined : said(ofScope)) ?? settings.registryOf(name);
  const shown = shownUrl(url);
  const env = { ...run.env, ...(ofScope !== undefined && { [`npm_config_${ofScope}`]: url }) };
  const registry = await openRegistry({ projectDir: dir, env, registry: url, offline: false, cacheDir: run.cacheDir, signal: run.signal });
  const found = await packumentOf(registry, name);
  const versions = Object.keys(found?.versions ?? {});
  const next = nextVersion(version, [...versions, ...Object.keys(found?.time ?? {})]);
  const taken = versions.includes(version) ? "is published already" : found?.time?.[version] === undefined ? undefined : "was published and taken back";
  if (taken !== undefined) {
    throw new MlstackError("MLS8715", `${name}@${version} ${taken} (${shown})`, { why: "a version is published once: who has it pinned relies on its bytes", fix: `raise the version: npm version ${next}`, details: { package: name, version, registry: shown, next } });
  }
  return { url: plainUrl(url), shown, tag: options.tag ?? said("tag") ?? (prerelease(version) === null ? "latest" : "next"), versions, env };
}

/** The version after those that there are, of the same kind. */
function nextVersion(version: string, taken: readonly string[]): string {
  const kind = prerelease(version) === null ? "patch" : "prerelease";
  const highest = maxSatisfying([version, ...taken.filter((each) => /^\d/.test(each))], kind === "patch" ? "*" : ">=0.0.0-0", { includePrerelease: kind !== "patch" }) ?? version;
  return inc(highest, kind) ?? version;
}

async function packumentOf(registry: Registry, name: string): Promise<Packument | undefined> {
  try { return (await registry.packument(name)) as Packument; } catch (e) {
    if (MlstackError.is(e, "MLS8102")) return undefined;
    throw e;
  }
}

/**
 * Publishes a tarball, these very bytes, by npm: who is logged in there, and how that is proven (token, one-time password, trusted publisher), is its business.
 *
 * @throws MLS8715 another one was faster; MLS8101, MLS8103 and others, as npm's words tell; MLS4003
 */
export async function publishPackage(dir: string, packed: PackedPackage, target: PublishTarget, run: PublishRun, { provenance, otp }: { readonly provenance: boolean; readonly otp?: string | undefined }): Promise<void> {
  const { name, version } = packed.described;
  const into = realpathSync(mkdtempSync(join(tmpdir(), "mlstack-publish-")));
  const file = join(into, packed.fileName);
  const scope = name.startsWith("@") ? [`--${name.split("/")[0]!}:registry=${target.url}`] : [];
  try {
    writeFileSync(file, packed.bytes);
    await runTo("npm", ["publish", file, `--registry=${target.url}`, ...scope, `--tag=${target.tag}`, `--provenance=${String(provenance)}`, "--ignore-scripts", "--no-update-notifier"], dir, {
      ...run, env: { ...run.env, ...(otp !== undefined && { npm_config_otp: otp }) },
    });
  } catch (e) { throw told(e, `${name}@${version}`, target); } finally { rmSync(into, { recursive: true, force: true, maxRetries: 3 }); }
}

/** What npm says of publishing, apart from what it says of fetching. */
function told(e: unknown, what: string, { shown }: PublishTarget): unknown {
  if (!MlstackError.is(e) || !/^MLS8[13]/.test(e.code)) return e;
  const words = `${e.why ?? ""} ${JSON.stringify(e.details ?? {})}`;
  const details = { ...e.details, registry: shown };
  if (/previously published|cannot publish over|EPUBLISHCONFLICT|\bE409\b|already (?:exists|present)/i.test(words)) return new MlstackError("MLS8715", `${what} is published already (${shown})`, { why: e.why, fix: "raise the version: npm version patch", details, cause: e });
  if (/\bEOTP\b|one-time password/i.test(words)) return new MlstackError("MLS8103", `the registry wants a one-time password for ${what} (${shown})`, { why: "the account is protected by a second factor", fix: "add --otp CODE", details, cause: e });
  if (e.code === "MLS8103") return new MlstackError("MLS8103", `the registry does not allow it to publish ${what} (${shown})`, { why: e.why, fix: `log in, as one who may publish it: npm login --registry ${shown}; or put a token into your own .npmrc`, details, cause: e });
  return new MlstackError(e.code, `${what} was not published (${shown}): ${e.message}`, { why: e.why, fix: e.code === "MLS8102" ? "look at the registry's address, and whether the account may make new packages in that scope" : e.fix, details, cause: e });
}

/** How a published version was found afterwards. */
export type ReadBack = "same" | "not shown yet";

/**
 * Asks the registry for what was published, and compares. A registry may take some seconds until it shows a new version.
 *
 * @param pause waits before each further look; by default a second longer each time
 * @throws MLS8717 other bytes than those that were sent; MLS8101, MLS8103, MLS8104
 */
export async function readBack(dir: string, { described: { name, version }, bytes }: PackedPackage, { url, shown, env }: PublishTarget, { cacheDir, signal, looks = 5, pause = wait }: { readonly cacheDir: string; readonly signal: AbortSignal; readonly looks?: number; readonly pause?: (look: number, signal: AbortSignal) => Promise<void> }): Promise<ReadBack> {
  const registry = await openRegistry({ projectDir: dir, env, registry: url, offline: false, cacheDir, signal });
  for (let look = 1; ; look++) {
    const dist = (await packumentOf(registry, name))?.versions?.[version]?.dist;
    if (dist !== undefined) {
      const problem = typeof dist.integrity === "string" ? integrityProblem(bytes, dist.integrity) : dist.shasum === createHash("sha1").update(bytes).digest("hex") ? undefined : "it announces no integrity, and another shasum";
      if (problem === undefined) return "same";
      throw new MlstackError("MLS8717", `${shown} has other bytes for ${name}@${version} than were published: ${problem}`, { why: "it was asked for the version after it had taken it", fix: "ask those who run the registry, or what lies before it; who installs that version gets what it announces", details: { package: name, version, registry: shown, problem } });
    }
    if (look >= looks) return "not shown yet";
    await pause(look, signal);
  }
}

async function wait(look: number, signal: AbortSignal): Promise<void> {
  const { setTimeout: sleep } = await import("node:timers/promises");
  try { await sleep(look * 1000, undefined, { signal }); } catch (cause) { throw new MlstackError("MLS4003", "interrupted", { cause }); }
}
