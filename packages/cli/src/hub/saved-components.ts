import { MlstackError } from "@mlstack/core/errors";
import { openProjectFiles, type ProjectComponent, type ProjectFiles } from "@mlstack/engine/project-files";
import type { SavedComponent } from "@mlstack/hub";

/**
 * The components that a project's files define, as the hub looks at them.
 *
 * @returns with what could not be looked at, in sentences
 */
export async function savedComponents(projectDir: string): Promise<{ readonly saved: readonly SavedComponent[]; readonly warnings: readonly string[] }> {
  const files = await openProjectFiles(projectDir);
  const { camelKeys } = await import("@mlstack/core/key-case");
  const warnings = files.broken.map(({ message }) => `a file was not looked at: ${message}`);
  const saved = files.components.flatMap((component): SavedComponent[] => {
    const { type, name, flavor, configuration, at } = component;
    if (at === undefined) return [];
    try {
      return [{ type, name, flavor, config: configuration === undefined ? undefined : camelKeys(configuration as Parameters<typeof camelKeys>[0]), file: at.file, line: at.line, stacks: stacksOf(component, files) }];
    } catch (e) {
      if (!MlstackError.is(e)) throw e;
      warnings.push(`a component was not looked at: ${at.file}, line ${at.line}: ${e.message}`);
      return [];
    }
  });
  return { saved, warnings };
}

/** The stacks that would be made of this very definition. A stack that names a component has that of its own file first. */
function stacksOf(component: ProjectComponent, files: ProjectFiles): readonly string[] {
  if (component.stack === undefined) return files.usersOf(component).filter((stack) => !files.components.some((c) => c.stack === stack && c.type === component.type && c.name === component.name));
  return [component.stack];
}
