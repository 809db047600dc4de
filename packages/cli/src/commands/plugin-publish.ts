import { MlstackError } from "@mlstack/core/errors";
import type { PackedPackage, ProvenanceSource } from "@mlstack/hub";
import { cacheDirOf } from "../hub/cache-dir.ts";
import { canAsk, confirm } from "../ui/ask.ts";
import { bytes, count } from "../ui/format.ts";
import { stderr, stdout, writeJson, type GlobalFlags } from "../ui/output.ts";
import { printable, type Terminal } from "../ui/terminal.ts";
import type { SkipFlags } from "./plugin-check-kit.ts";
import { pluginFolder } from "./plugin-kit.ts";
import { packAndLook, packedFacts } from "./plugin-pack.ts";
import { runKitOf } from "./plugin-test.ts";
import { publishing } from "./publishing.ts";
import { printWarnings } from "./stack-checks.ts";

export interface PluginPublishFlags extends GlobalFlags, SkipFlags {
  readonly registry?: string;
  readonly tag?: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  /** False with `--no-test`. */
  readonly test: boolean;
  /** Neither with `--provenance` nor with `--no-provenance`: undefined. */
  readonly provenance?: boolean;
  readonly otp?: string;
}

/** `mlstack plugin publish [FOLDER]`: packs, proves, and publishes that very tarball. */
export async function pluginPublish(given: string | undefined, flags: PluginPublishFlags): Promise<void> {
  const dir = pluginFolder(given, flags);
  const t = stderr(flags);
  const say = (text: string): void => { if (flags.quiet !== true && flags.json !== true) t.line(t.style(text, "dim")); };
  await publishing(flags, async (run) => {
    const hub = await import("@mlstack/hub");
    const source = hub.provenanceSource(process.env);
    refuseUnsigned(source, flags.provenance);
    const { packed, skipped, warnings: looked } = await packAndLook(dir, flags, run);
    const facts = packedFacts(packed);
    const what = `${facts.package}@${facts.version}`;
    // before the tests, which may take minutes
    const how = { ...run, cacheDir: cacheDirOf(process.env) };
    const target = await hub.publishTarget(dir, packed, how, { registry: flags.registry, tag: flags.tag });
    // a CI service may be trusted by the registry without any
    if (!target.hasCredentials && !("by" in source) && flags.dryRun !== true) throw new MlstackError("MLS8103", `nobody is logged in who could publish ${what} (${target.shown})`, { why: "npm's settings have no token for it", fix: `npm login --registry ${target.url}, or put a token into your own .npmrc` });
    const signing = signingOf(source, flags.provenance, hub.notSignedUnasked(process.env, target.url));
    if (signing.by !== undefined && !hasRepository(packed)) throw new MlstackError("MLS8719", `where ${what} was built can't be signed: its package.json has no repository`, { why: "the registry compares it with the repository in the statement, and refuses the package", fix: 'add "repository": { "type": "git", "url": "git+https://…" }, or publish with --no-provenance' });
    const warnings = [...looked, ...signing.warnings, ...(flags.test ? [] : ["not proven: --no-test"])];
    const to = `${target.shown}, under the tag ${target.tag}`;
    const question = `Publish ${what} to ${printable(to)}?`;
    if (flags.dryRun !== true && !canAsk(flags)) await confirm(question, flags);
    if (flags.test) {
      say(`${what} is put to the test: mlstack plugin test`);
      await prove(dir, what, flags, run.signal);
      const changed = hub.changedSincePacked(dir, packed);
      if (changed.length > 0) throw new MlstackError("MLS8718", `${changed.slice(0, 5).join(", ")}${changed.length > 5 ? ` and ${changed.length - 5} other files` : ""} of ${what} changed while it was put to the test`, { why: "what was proven is then not what was packed", fix: "mend the test that writes into the package, or stop the build that runs beside; build, and publish again", details: { files: [...changed] } });
    }
    if (flags.dryRun !== true) {
      await confirm(question, flags);
      say(`publishing ${what} to ${to}`);
      await hub.publishPackage(dir, packed, target, run, { provenance: signing.by !== undefined, otp: flags.otp });
      // it is out: only other bytes are a failure then
      const found = await hub.readBack(dir, packed, target, how).catch((e: unknown) => { if (!MlstackError.is(e) || e.code === "MLS8717") throw e; return e; });
      if (found === "not shown yet") warnings.push(`${target.shown} does not show ${what} yet: it was not compared`);
      else if (found !== "same") warnings.push(`${what} is published, and was not compared with what ${target.shown} has: ${found.message}`);
    }
    if (flags.json === true) {
      writeJson("plugin-publish", { ...facts, skipped: [...skipped], files: packed.files.size, registry: target.url, tag: target.tag, done: flags.dryRun !== true, proven: flags.test, provenance: signing.by ?? null }, warnings);
      return;
    }
    stdout(flags).line(`${flags.dryRun === true ? "would publish" : "published"} ${what} to ${printable(to)}`);
    for (const [label, value] of [["size", `${bytes(facts.size)}, ${count(packed.files.size, "file")}`], ["integrity", facts.integrity], ["digest", facts.digest], ["proven", flags.test ? "by mlstack plugin test" : "no"], ["provenance", signing.by === undefined ? "none" : `signed by ${signing.by}`]] as const) stdout(flags).line(`${stdout(flags).style(label.padEnd(12), "dim")}${value}`);
    printWarnings(warnings, flags);
    if (flags.dryRun !== true) say(`install it: mlstack integration install ${what} --allow-fresh ${facts.package}`);
  });
}

/** @throws MLS8719 where a signature was asked for and can't be had: said before anything else is done */
function refuseUnsigned(source: ProvenanceSource, wanted: boolean | undefined): void {
  if (wanted === true && !("by" in source)) throw new MlstackError("MLS8719", "there is nobody here who signs where the package was built", { why: source.why, fix: `${source.fix}, or leave out --provenance` });
}

/** Who signs; undefined for nobody. @param unasked why nothing is signed that nobody has asked for */
function signingOf(source: ProvenanceSource, wanted: boolean | undefined, unasked: string | undefined): { readonly by: string | undefined; readonly warnings: readonly string[] } {
  const why = "by" in source ? (wanted === true ? undefined : unasked) : source.why;
  if (wanted === false) return { by: undefined, warnings: [] };
  return "by" in source && why === undefined ? { by: source.by, warnings: [] } : { by: undefined, warnings: [`without provenance: ${why ?? ""}`] };
}

function hasRepository({ files }: PackedPackage): boolean {
  const { repository } = JSON.parse(Buffer.from(files.get("package.json")!).toString("utf8")) as { readonly repository?: string | { readonly url?: unknown } | null };
  const url = typeof repository === "object" ? repository?.url : repository;
  return typeof url === "string" && url.trim() !== "";
}

/**
 * Runs the kit; what it finds is seen on stderr, for stdout is for data.
 *
 * @throws MLS8716 where it does not pass, and where a component was not put to the test at all; MLS4003
 */
async function prove(dir: string, what: string, flags: PluginPublishFlags, signal: AbortSignal): Promise<void> {
  const t = stderr(flags);
  // a line for each target is little enough beside JSON, too
  const report = await runKitOf(dir, { ...flags, json: false, watch: true }, { signal, out: flags.quiet === true ? silent(t) : t, err: t });
  if (signal.aborted || report.interrupted) throw new MlstackError("MLS4003", "interrupted: nothing was published");
  const unproven = (message: string, why: string): MlstackError => new MlstackError("MLS8716", `${what} is not proven: ${message}`, { why, fix: "mend it, then publish again; --no-test publishes all the same, and says so" });
  const named = report.targets.filter(({ status }) => status === "failed").map(({ contract, flavor }) => `${contract} ${flavor}`);
  if (!report.ok) throw unproven(`${named.join(", ")} failed`, "who installs a plugin relies on the promises of its contracts; mlstack plugin test shows what does not hold");
  // a component may have several targets, such as one of a live service beside one of an emulator
  const skipped = report.targets.find(({ status, contract, flavor }) => status === "skipped" && !report.targets.some((one) => one.status === "passed" && one.contract === contract && one.flavor === flavor));
  if (skipped !== undefined) throw unproven(`${skipped.contract} ${skipped.flavor} was skipped`, skipped.reason ?? "nothing of it was put to the test");
}

const silent = (t: Terminal): Terminal => ({ ...t, line: () => undefined });
