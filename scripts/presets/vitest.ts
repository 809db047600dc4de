import { availableParallelism } from "node:os";
import { join } from "node:path";
import { defineProject, type UserWorkspaceConfig } from "vitest/config";
import { root, sourcePaths } from "./workspaces.ts";

interface ProjectOptions {
  readonly include?: string[];
  /** Milliseconds that a test may take. */
  readonly timeout?: number;
  /** Milliseconds that a hook may take; as vitest has it by default. */
  readonly hookTimeout?: number;
  /** Tests what users install, the built packages, instead of their sources. */
  readonly built?: boolean;
}

function sourceAliases(): { find: RegExp; replacement: string }[] {
  return Object.entries(sourcePaths()).map(([specifier, source]) => ({ find: new RegExp(`^${specifier}$`), replacement: join(root, source) }));
}

/**
 * How every package is tested. Tests lie beside the code; type tests end in .test-d.ts.
 * Packages see each other's sources, so that a test of one needs no build of another.
 */
export function project({ include = ["src/**/*.test.ts"], timeout = 10_000, hookTimeout, built = false }: ProjectOptions = {}): UserWorkspaceConfig {
  return defineProject({
    resolve: { alias: built ? [] : sourceAliases() },
    test: {
      include,
      // As many as there are cores: most of a test's time is waiting for processes. vitest's own default is one less, and is asked of each project.
      maxWorkers: availableParallelism(),
      testTimeout: timeout,
      ...(hookTimeout !== undefined && { hookTimeout }),
      typecheck: {
        // Types do not depend on the Node that runs the suite: one version checks them for all.
        enabled: process.env["MLSTACK_SKIP_TYPES"] === undefined,
        include: ["src/**/*.test-d.ts"],
        tsconfig: "./tsconfig.json",
      },
    },
  });
}
