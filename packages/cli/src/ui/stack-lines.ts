import type { Engine } from "@mlstack/engine";
import { table, type Terminal } from "./terminal.ts";

/** What a run is going to use, for `--verbose`: the stack's components, the packages that they come from, and where records are kept. */
export async function printStack(engine: Engine, t: Terminal): Promise<void> {
  const { name, components } = engine.stack.spec;
  const offered = await engine.plugins.flavors();
  const rows = Object.entries(components).map(([type, c]) => {
    const plugin = offered.find((f) => f.type === type && (f.flavor === c.flavor || f.entry.aliases.includes(c.flavor)))?.plugin;
    return [`  ${type}`, c.flavor, c.name, plugin === undefined ? "" : `${plugin.name} ${plugin.version}`];
  });
  t.line(t.style(`stack ${name}`, "dim"));
  for (const line of [...table(rows), `  records  ${engine.project.stateDir}`]) t.line(t.style(line, "dim"));
}
