import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { MlstackError } from "@mlstack/core/errors";
import type { PackedPackage, PublishRun } from "@mlstack/hub";
import { bytes, count } from "../ui/format.ts";
import { stderr, stdout, writeJson, type GlobalFlags } from "../ui/output.ts";
import { printable, printTable } from "../ui/terminal.ts";
import { printWarnings } from "./stack-checks.ts";
import { skippedRules, skipWarnings, type CheckKit, type SkipFlags } from "./plugin-check-kit.ts";
import { checkFailure, printFindings } from "./plugin-check.ts";
import { folderOf } from "./folder.ts";
import { kitOf, pluginFolder } from "./plugin-kit.ts";
import { publishing } from "./publishing.ts";

/** What was packed, with what is to be said of it. */
export interface LookedAt {
  readonly packed: PackedPackage;
  /** Rules that were left out. */
  readonly skipped: readonly string[];
  readonly warnings: readonly string[];
}

/** `mlstack plugin pack [FOLDER]`: a tarball of what is built, after a look at both. */
export async function pluginPack(given: string | undefined, flags: GlobalFlags & SkipFlags & { readonly out?: string }): Promise<void> {
  const dir = pluginFolder(given, flags);
  await publishing(flags, async (run) => {
    const { packed, skipped, warnings } = await packAndLook(dir, flags, run);
    const out = resolve(folderOf(flags), flags.out ?? ".");
    mkdirSync(out, { recursive: true });
    const file = join(out, packed.fileName);
    writeFileSync(file, packed.bytes);
    if (flags.json === true) {
      writeJson("plugin-pack", { ...packedFacts(packed), skipped: [...skipped], file, files: fileFacts(packed) }, warnings);
      return;
    }
    const t = stdout(flags);
    printTable(t, ["SIZE", "FILE"], fileFacts(packed).map(({ path, size }) => [bytes(size), printable(path)]), [0]);
    const { package: name, version, size, unpackedSize, integrity, digest } = packedFacts(packed);
    for (const [label, value] of [["package", `${name}@${version}`], ["file", relative(folderOf(flags), file) || file], ["size", `${bytes(size)}, ${bytes(unpackedSize)} unpacked, ${count(packed.files.size, "file")}`], ["integrity", integrity], ["digest", digest]] as const) t.line(`${t.style(label.padEnd(10), "dim")}${printable(value)}`);
    printWarnings(warnings, flags);
  });
}

/** What both `pack` and `publish` tell of a tarball. */
export function packedFacts({ described: { name, version }, bytes: { length }, files, integrity, digest }: PackedPackage) {
  return { package: name, version, size: length, unpackedSize: [...files.values()].reduce((sum, each) => sum + each.length, 0), integrity, digest };
}

export function fileFacts({ files, digests }: PackedPackage): { path: string; size: number; digest: string | null }[] {
  return [...files].map(([path, each]) => ({ path, size: each.length, digest: digests.get(path) ?? null }));
}

/**
 * Checks the folder, packs it, and looks into the tarball: that it holds what users get and nothing that must not get out, and can be used as it is unpacked.
 *
 * @throws MLS8713 conventions that are not kept, of which the findings were printed; MLS8714; MLS8718 what the tarball shows; as `packFolder`
 */
export async function packAndLook(dir: string, flags: GlobalFlags & SkipFlags, run: PublishRun): Promise<LookedAt> {
  const [kit, hub] = await Promise.all([kitOf<CheckKit>(dir, "check"), import("@mlstack/hub")]);
  const skipped = skippedRules(flags, kit);
  const { findings } = await kit.checkPlugin(dir, { skip: skipped });
  const failure = checkFailure(findings, false);
  if (failure !== undefined) {
    if (flags.json !== true) printFindings(findings, stderr(flags), relative(folderOf(flags), dir));
    throw failure;
  }
  const packed = await hub.packFolder(dir, run);
  const { described, files, manager } = packed;
  const what = `${described.name}@${described.version}`;
  // names of files may have been changed by what the manager runs
  const problems = kit.shippedProblems(files.keys()).filter(({ kind }) => !skipped.includes(`files.no-${kind}s`));
  const [first] = problems;
  if (first !== undefined) throw new MlstackError("MLS8718", `the tarball of ${what} holds ${problems.map(({ path }) => path).join(", ")}`, { why: first.kind === "secret" ? "what is published is read by everybody" : "tests are of no use to users", fix: 'take it out of "files" in package.json', details: { files: problems.map(({ path }) => path) } });
  await hub.withUnpacked(dir, files, async (unpacked) => {
    const state = await kit.pluginManifestState(unpacked).catch((cause: unknown) => {
      if (!MlstackError.is(cause)) throw cause;
      throw new MlstackError("MLS8718", `what is in the tarball of ${what} can't be used`, { why: cause.message.replaceAll(unpacked, "the unpacked package"), fix: 'look whether "files" in package.json lists all that the entry needs', cause });
    });
    if (!state.same) throw new MlstackError("MLS8718", `the manifest in the tarball of ${what} is not what its code says: ${state.differs.join(", ")}`, { why: "hosts read the manifest, and do not run the code for it", fix: "npm run build, and mlstack plugin manifest" });
  });
  return { packed, skipped, warnings: [...skipWarnings(skipped), ...findings.map(({ rule, at, found, expected }) => `${at}: ${found}; expected is that ${expected} (${rule})`), ...skippedScripts(files, manager)] };
}

/** Scripts that npm would have run. */
function skippedScripts(files: PackedPackage["files"], manager: string): readonly string[] {
  const { scripts = {} } = JSON.parse(Buffer.from(files.get("package.json")!).toString("utf8")) as { readonly scripts?: Readonly<Record<string, string>> };
  const found = ["prepublishOnly", "prepare", "prepack", "postpack", "publish", "postpublish"].filter((name) => scripts[name] !== undefined);
  if (found.length === 0) return [];
  return [manager === "yarn" ? `yarn runs prepack and postpack by itself; packed is what they left` : `the script${found.length === 1 ? "" : "s"} ${found.join(", ")} of package.json ${found.length === 1 ? "is" : "are"} not run here: what is packed is what is built`];
}
