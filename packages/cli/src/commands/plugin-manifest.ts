import { printable } from "../ui/terminal.ts";
import { stderr, stdout, writeJson, type GlobalFlags } from "../ui/output.ts";
import { kitOf, pluginFolder } from "./plugin-kit.ts";
import type { CheckKit } from "./plugin-check-kit.ts";

/** `mlstack plugin manifest [FOLDER]`: writes the field `mlstack` of package.json from what is built. */
export async function pluginManifest(given: string | undefined, flags: GlobalFlags & { readonly check?: boolean }): Promise<void> {
  const dir = pluginFolder(given, flags);
  const kit = await kitOf<CheckKit>(dir, "check");
  const state = flags.check === true ? await kit.pluginManifestState(dir) : await kit.writePluginManifest(dir);
  const written = flags.check !== true && !state.same;
  if (flags.check === true && !state.same) process.exitCode = 3;
  if (flags.json === true) { writeJson("plugin-manifest", { package: state.package, entry: state.entry, same: state.same, written, differs: [...state.differs] }); return; }
  for (const place of state.differs) stdout(flags).line(printable(place));
  if (flags.quiet !== true) stderr(flags).line(state.same ? `the manifest of ${state.package} is what ${state.entry} says` : written ? `wrote the manifest of ${state.package} into package.json` : `the manifest of ${state.package} is not what ${state.entry} says; nothing was written: mlstack plugin manifest`);
}
