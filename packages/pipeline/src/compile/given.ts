import { join } from "node:path";
import { manifestFinder } from "./manifests.ts";
import type { ModuleFormat } from "./model.ts";
import { modulePaths } from "./paths.ts";
import type { RequestMode } from "./resolve.ts";
import type { CompilerSettings } from "./tsconfig.ts";

/**
 * How the modules of a bundle were read when it was made: all that decides what they do besides their texts, so that they can be loaded
 * in their places in the project though tsconfig.json, package.json or the files around them have changed.
 */
export interface CodeIndex {
  readonly settings: readonly CompilerSettings[];
  /** By path in the project. */
  readonly modules: Readonly<Record<string, IndexedModule>>;
}

export interface IndexedModule {
  readonly format: ModuleFormat;
  /** Place in the list of settings. */
  readonly settings: number;
  /** Where each specifier leads, with its mode in front: `import ./b`. */
  readonly links: Readonly<Record<string, IndexedLink>>;
}

/** A file of own code by its path in the project; a file of a package that a path of tsconfig.json names, relative to the project; null where Node finds it. */
export type IndexedLink = string | { readonly installed: string } | null;

/** Own code as it was at one time, to be run in place of what the files hold by now. Files are real paths. */
export interface GivenCode {
  content(file: string): Uint8Array | undefined;
  module(file: string): { readonly format: ModuleFormat; readonly settings: CompilerSettings } | undefined;
  /** The file that a specifier leads to; null where Node finds it; undefined where nothing was written down about it. */
  link(file: string, specifier: string, mode: RequestMode): string | null | undefined;
}

/** @param contents by path in the project */
export function givenCode(projectDir: string, contents: ReadonlyMap<string, Uint8Array>, index: CodeIndex): GivenCode {
  const { placeOf } = modulePaths(projectDir, manifestFinder());
  const byFile = new Map<string, { readonly path: string; readonly content: Uint8Array }>();
  for (const [path, content] of contents) {
    const file = placeOf(path);
    if (file !== undefined) byFile.set(file, { path, content });
  }
  const indexed = (file: string) => index.modules[byFile.get(file)?.path ?? ""];
  return {
    content: (file) => byFile.get(file)?.content,
    module(file) {
      const found = indexed(file);
      const settings = index.settings[found?.settings ?? -1];
      return found === undefined || settings === undefined ? undefined : { format: found.format, settings };
    },
    link(file, specifier, mode) {
      const found = indexed(file)?.links[`${mode} ${specifier}`];
      return typeof found === "string" ? placeOf(found) : found === null || found === undefined ? found : join(projectDir, found.installed);
    },
  };
}
