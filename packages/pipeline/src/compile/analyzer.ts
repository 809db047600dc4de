import { codeChecks } from "./code-check.ts";
import { CODE_ALGORITHM, digestOf } from "./digest.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { identify } from "./identity.ts";
import { openProject, type Project } from "./project.ts";
import type { CodeAnalyzer } from "./types.ts";
import { bundleOf } from "./bundle.ts";

/**
 * Opens a project's own code for analysis. Nothing is read before it is asked for, and nothing twice: make a new one when files may have
 * changed.
 */
export function codeAnalyzer({ projectDir }: { readonly projectDir: string }): CodeAnalyzer {
  let project: Project | undefined;
  let checks: ReturnType<typeof codeChecks> | undefined;
  const open = () => (project ??= openProject(projectDir));
  return {
    identify: (site, name) => identify(open(), site, name),
    fingerprint: (identity, declared, loaded = []) => {
      try { return fingerprintOf(open(), identity, declared, loaded); } catch (e) {
        if (!(e instanceof RangeError)) throw e; // code that is nested thousands of levels deep
        return { digest: digestOf([CODE_ALGORITHM, "unreadable", identity]), modules: {}, packages: [], files: [], readsZone: false, readsPlatform: false, env: [], uncached: [{ rule: "unreadable-module", message: `the code that ${identity.export} reaches is nested too deeply: ${e.message}`, fix: "keep large tables in JSON", at: identity.module }] };
      }
    },
    check: (code) => (checks ??= codeChecks(open()))(code.files),
    bundle: (modules) => bundleOf(open(), modules),
  };
}
