// The program that imports a plugin's entry for `plugin check`, and tells by its IPC channel what happened meanwhile.
import { isPluginDefinition, manifestOf, type JsonObject } from "@mlstack/core";
import { registerHooks } from "node:module";
import { join, relative, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { ownerOf } from "./probe/owner.ts";
import { watchEffects } from "./probe/watch-effects.ts";
import type { ImportOrder, ImportReport, LoadedPackage } from "./import-report.ts";

const order = JSON.parse(process.argv[2] ?? "{}") as ImportOrder;
const entry = pathToFileURL(join(order.dir, order.entry));
const packages = new Map<string, LoadedPackage>();

/** Notes packages that modules of the plugin itself name. What those load in turn is theirs. */
registerHooks({
  resolve(specifier, context, next) {
    const resolved = next(specifier, context);
    const { parentURL } = context;
    if (parentURL?.startsWith("file:") === true && resolved.url.startsWith("file:")) {
      const from = fileURLToPath(parentURL);
      const [by, owner] = [ownerOf(from), ownerOf(fileURLToPath(resolved.url))];
      if (by?.dir === order.dir && owner !== undefined && owner.dir !== order.dir) packages.set(owner.dir, { name: owner.name, from: relative(order.dir, from).split(sep).join("/"), isPlugin: owner.isPlugin });
    }
    return resolved;
  },
});

const watch = watchEffects(order.dir);
const report = await look();
process.send?.(report, () => { process.exit(0); });

async function look(): Promise<ImportReport> {
  let module: Readonly<Record<string, unknown>>;
  try { module = (await import(entry.href)) as Readonly<Record<string, unknown>>; } catch (e) {
    const effects = watch.end();
    return { plugin: undefined, problem: `it throws ${e instanceof Error ? `${e.name}: ${e.message}` : String(e)}`, packages: [...packages.values()], effects };
  }
  // what was begun without being waited for shows after a turn
  await new Promise((done) => { setImmediate(done); });
  const seen = { packages: [...packages.values()], effects: watch.end() };
  const plugin = module["default"];
  if (!isPluginDefinition(plugin)) return { ...seen, plugin: undefined, problem: "its default export is no plugin: it must end in `export default definePlugin(…)`" };
  try {
    const manifest = JSON.parse(JSON.stringify(manifestOf(plugin, order.entry, order.core))) as JsonObject;
    return { ...seen, problem: undefined, plugin: { name: plugin.name, manifest, undeclared: plugin.components.filter((c) => c.permissions === undefined).map((c) => `${c.contract}/${c.flavor}`) } };
  } catch (e) { return { ...seen, plugin: undefined, problem: `no manifest can be made of its definition: ${e instanceof Error ? e.message : String(e)}` }; }
}
