import { readFileSync } from "node:fs";
import { join } from "node:path";

/** What is said loudly, wherever it has a part: of integrations that are folders of the workspace in the place of published packages. */
export function overrideWarnings(names: readonly string[]): string[] {
  return names.map((name) => `${name} is a folder of the workspace, in the place of the published package: install --frozen refuses it`);
}

/** Their names by mlstack.lock, looked at in a moment; what is wrong with a lock others say. */
export function overridesOfProject(projectDir: string): readonly string[] {
  try {
    const text = readFileSync(join(projectDir, "mlstack.lock"), "utf8");
    if (!text.includes('"override"')) return [];
    const { plugins } = JSON.parse(text) as { readonly plugins: Readonly<Record<string, { readonly trust?: { readonly override?: unknown } }>> };
    return Object.entries(plugins).flatMap(([name, { trust }]) => (trust?.override === undefined ? [] : [name])).toSorted();
  } catch { return []; }
}
