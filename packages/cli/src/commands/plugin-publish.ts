import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { MlstackError } from "@mlstack/core/errors";
import type { ProvenanceSource } from "@mlstack/hub";
import { cacheDirOf } from "../hub/cache-dir.ts";
import { confirm } from "../ui/ask.ts";
import { bytes, count } from "../ui/format.ts";
import { stderr, stdout, writeJson, type GlobalFlags } from "../ui/output.ts";
import { printable } from "../ui/terminal.ts";
import { pluginFolder } from "./plugin-kit.ts";
import { packAndLook, packedFacts } from "./plugin-pack.ts";
import { publishing } from "./publishing.ts";
import { printWarnings } from "./stack-checks.ts";

export interface PluginPublishFlags extends GlobalFlags {
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
    const signing = signingOf(hub.provenanceSource(process.env), flags.provenance);
    const { packed, warnings: found } = await packAndLook(dir, flags, run);
    const facts = packedFacts(packed);
    const what = `${facts.package}@${facts.version}`;
    // before the tests, which may take minutes
    const how = { ...run, cacheDir: cacheDirOf(process.env) };
    const target = await hub.publishTarget(dir, packed, how, { registry: flags.registry, tag: flags.tag });
    const warnings = [...found, ...signing.warnings, ...(flags.test ? [] : ["not proven: --no-test"])];
    if (flags.test) {
      say(`${what} is put to the test: mlstack plugin test`);
      await prove(dir, what, flags.quiet === true ? ["--quiet"] : [], run.signal);
    }
    const to = `${target.shown}, under the tag ${target.tag}`;
    if (flags.dryRun !== true) {
      await confirm(`Publish ${what} to ${printable(to)}?`, flags);
      say(`publishing ${what} to ${to}`);
      await hub.publishPackage(dir, packed, target, run, { provenance: signing.by !== undefined, otp: flags.otp });
      if ((await hub.readBack(dir, packed, target, how)) === "not shown yet") warnings.push(`${target.shown} does not show ${what} yet: it was not compared`);
    }
    if (flags.json === true) {
      writeJson("plugin-publish", { ...facts, files: packed.files.size, registry: target.url, tag: target.tag, done: flags.dryRun !== true, proven: flags.test, provenance: signing.by ?? null }, warnings);
      return;
    }
    stdout(flags).line(`${flags.dryRun === true ? "would publish" : "published"} ${what} to ${printable(to)}`);
    for (const [label, value] of [["size", `${bytes(facts.size)}, ${count(packed.files.size, "file")}`], ["integrity", facts.integrity], ["digest", facts.digest], ["proven", flags.test ? "by mlstack plugin test" : "no"], ["provenance", signing.by === undefined ? "none" : `signed by ${signing.by}`]] as const) stdout(flags).line(`${stdout(flags).style(label.padEnd(12), "dim")}${value}`);
    printWarnings(warnings, flags);
    if (flags.dryRun !== true) say(`install it: mlstack integration install ${what} --allow-fresh ${facts.package}`);
  });
}

/** Who signs; undefined for nobody. @throws MLS8719 where it was asked for and can't be had */
function signingOf(source: ProvenanceSource, wanted: boolean | undefined): { readonly by: string | undefined; readonly warnings: readonly string[] } {
  if ("by" in source) return wanted === false ? { by: undefined, warnings: [] } : { by: source.by, warnings: [] };
  if (wanted === true) throw new MlstackError("MLS8719", "there is nobody here who signs where the package was built", { why: source.why, fix: `${source.fix}, or leave out --provenance` });
  return { by: undefined, warnings: wanted === false ? [] : [`without provenance: ${source.why}`] };
}

/** Runs the kit as its own command: what it prints goes to stderr. @throws MLS8716 where it does not pass; MLS4003 */
async function prove(dir: string, what: string, args: readonly string[], signal: AbortSignal): Promise<void> {
  const program = fileURLToPath(new URL("../bin/mlstack.js", import.meta.url));
  // fd 2: stdout is for data
  const child = spawn(process.execPath, [program, "plugin", "test", dir, ...args], { stdio: ["ignore", 2, 2] });
  const stop = (): void => { child.kill("SIGTERM"); };
  signal.addEventListener("abort", stop, { once: true });
  const code = await new Promise<number | null>((done, fail) => { child.once("error", fail).once("close", done); });
  signal.removeEventListener("abort", stop);
  if (signal.aborted) throw new MlstackError("MLS4003", "interrupted: nothing was published");
  if (code === 0) return;
  throw new MlstackError("MLS8716", `${what} is not proven: mlstack plugin test ended with ${String(code)}`, { why: "who installs a plugin relies on the promises of its contracts", fix: "mend what it shows, then publish again; --no-test publishes all the same, and says so", details: { exitCode: code } });
}
