import { resolve } from "node:path";
import { cacheDirOf } from "../hub/cache-dir.ts";
import { refuseUnknownNames } from "../hub/named.ts";
import { openProjectRegistry, withHub, type HubFlags } from "../hub/open-hub.ts";
import { bytes, count } from "../ui/format.ts";
import { stderr, stdout, writeJson } from "../ui/output.ts";
import { printable, printTable } from "../ui/terminal.ts";
import { folderOf, projectOf } from "./folder.ts";
import { printNext, printWarnings } from "./stack-checks.ts";

/** `mlstack integration bundle export FILE [SPEC…]`. */
export async function integrationBundleExport(file: string, specs: readonly string[], flags: HubFlags & { readonly platform?: readonly string[]; readonly available?: boolean }): Promise<void> {
  await withHub(flags, { writes: false }, async (opened) => {
    const { hub, manager, registry, context, warnings } = opened;
    const asked = await Promise.all(specs.map((spec) => hub.parseSpec(spec, context.cwd)));
    refuseUnknownNames({ "--allow-fresh": flags.allowFresh }, opened, asked.flatMap((spec) => (spec.kind === "registry" ? [spec.name] : [])));
    const made = await hub.exportBundle({ file: resolve(folderOf(flags), file), specs, available: flags.available, platforms: flags.platform, plan: context, manager, registry });
    if (made.elsewhere.length > 0) warnings.push(`not in it, for no registry has ${made.elsewhere.length === 1 ? "it" : "them"}: ${made.elsewhere.join(", ")}`);
    const { size, tarballs, integrations, elsewhere, local } = made;
    if (flags.json === true) { writeJson("integration-bundle-export", { file, size, tarballs, integrations: [...integrations], elsewhere: [...elsewhere], local: [...local] }, warnings); return; }
    printBundled(integrations, flags);
    for (const name of local) stdout(flags).line(`${name}  is a file of the project`);
    printWarnings(warnings, flags);
    if (flags.quiet !== true) stderr(flags).line(`wrote ${file}: ${count(tarballs, "package")}, ${bytes(size)}`);
    printNext(`mlstack integration bundle import ${file}, where there is no network`, flags);
  });
}

/** `mlstack integration bundle import FILE`. */
export async function integrationBundleImport(file: string, flags: HubFlags & { readonly anyRegistry?: boolean; readonly dryRun?: boolean }): Promise<void> {
  const project = projectOf(flags);
  const [hub, registry] = [await import("@mlstack/hub"), await openProjectRegistry({ ...flags, offline: true }, project.dir)];
  const found = await hub.importBundle({ file: resolve(folderOf(flags), file), cache: hub.registryCache(cacheDirOf(process.env)), registry, lock: await hub.readLock(project.dir), anyRegistry: flags.anyRegistry, dryRun: flags.dryRun });
  const { integrations, platforms, size, packages, tarballs } = found;
  const isDone = flags.dryRun !== true;
  const here = `${process.platform}-${process.arch}`;
  const warnings = platforms === null || platforms.includes(here) ? [] : [`it is for ${platforms.join(", ")}, and this is ${here}: packages that only this platform needs are not in it`];
  if (flags.json === true) { writeJson("integration-bundle-import", { file, done: isDone, size, packages, tarballs, platforms: platforms === null ? null : [...platforms], integrations: [...integrations] }, warnings); return; }
  printBundled(integrations, flags);
  printWarnings(warnings, flags);
  if (flags.quiet !== true) stderr(flags).line(`${count(tarballs, "package")}, ${bytes(size)}${isDone ? "" : ": nothing was changed"}`);
  if (isDone) printNext("mlstack integration install --frozen --offline", flags);
}

function printBundled(integrations: readonly { readonly package: string; readonly version: string; readonly pinned: boolean }[], flags: HubFlags): void {
  const t = stdout(flags);
  printTable(t, undefined, integrations.map((i) => [t.style(printable(i.package), "bold"), printable(i.version), i.pinned ? "" : t.style("not pinned", "dim")]));
}
