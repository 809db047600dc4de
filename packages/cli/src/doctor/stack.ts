import { MlstackError, type PluginLoader } from "@mlstack/core";
import { LOCAL_STACK, projectSecrets, stackFindings, type StackSpec } from "@mlstack/engine";
import { error, ok, warning, type DoctorLine, type Patient } from "./line.ts";

/** The stack in use: its file, flavors, configurations and secrets. No service is asked. */
export async function stackLines({ dir, env }: Patient, active: () => Promise<StackSpec | undefined>, plugins: PluginLoader): Promise<DoctorLine[]> {
  let stack: StackSpec;
  try { stack = (await active()) ?? LOCAL_STACK; } catch (e) { return [told("stack", e)]; }
  const secrets = projectSecrets({ from: dir, stack, env });
  const lines: DoctorLine[] = [];
  const findings = await stackFindings(stack, plugins, secrets);
  if (findings.length === 0) lines.push(ok("stack", `${stack.name}: ${Object.entries(stack.components).map(([type, c]) => `${type} ${c.flavor}`).join(", ")}`));
  lines.push(...findings.map(({ error: e }) => told("stack", e)));
  for (const { name, flavor, open } of secrets.list) {
    try {
      const store = await open();
      for (const finding of (await store.check?.()) ?? []) lines.push(finding.ok ? ok("secrets", finding.message) : warning("secrets", `${name} (${flavor}): ${finding.message}`, "mlstack explain MLS8001"));
    } catch (e) { lines.push(told("secrets", e)); }
  }
  await secrets.dispose();
  return lines;
}

function told(name: string, e: unknown): DoctorLine {
  if (!MlstackError.is(e)) throw e;
  return error(name, `${e.code} ${e.message}${e.why === undefined ? "" : `: ${e.why}`}`, e.fix ?? `mlstack explain ${e.code}`);
}
