import { relative, sep } from "node:path";
import type { CompileContext, Plan, StepFingerprinter, UncachedReason } from "@mlstack/pipeline";
import { CODE_ALGORITHM, codeAnalyzer, packageFingerprinter, platformOf, runtimeOf } from "@mlstack/pipeline/compile";
import type { Project, ProjectIdentity } from "../project/project.ts";
import { makeManifest, encodeManifest, sha256 } from "../store/manifest.ts";

export interface EngineCompileContext extends CompileContext {
  /** The steps whose code this process has loaded as it was before it was changed, with the reason not to keep what they give here. */
  loadedOtherwise(plan: Plan): ReadonlyMap<string, UncachedReason>;
  close(): void;
}

/** What the plan compiler needs of this machine and project. Made anew for each compilation, so that edited files are seen. */
export function compileContext(project: Project, identity: ProjectIdentity, env: Readonly<Record<string, string | undefined>>): EngineCompileContext {
  const analyzer = codeAnalyzer({ projectDir: project.dir });
  const packages = packageFingerprinter({ projectDir: project.dir, stateDir: project.stateDir });
  const runtime = runtimeOf();
  const node: StepFingerprinter = {
    fingerprint(step, declared) {
      const found = analyzer.identify(step.site, step.name);
      if ("rule" in found) return { identity: null, code: null, packages: null, runtime, native: false, uncached: [found] };
      const code = analyzer.fingerprint(found, declared);
      const reached = packages.fingerprint(code.packages);
      return { identity: found, code, packages: reached, runtime, native: reached.native, uncached: [...code.uncached, ...reached.uncached] };
    },
  };
  return {
    projectDir: project.dir, runtime, platform: platformOf(), codeAlgorithm: CODE_ALGORITHM, fingerprinters: { node }, env, envSalt: identity.envSalt,
    bundle(modules) {
      const bundle = analyzer.bundle(modules);
      const files = [...bundle.files].map(([path, bytes]) => ({ path, size: bytes.byteLength, sha256: sha256(bytes) }));
      return { digest: sha256(encodeManifest(makeManifest(files))), bundle };
    },
    moduleOf: (site) => (site === undefined ? null : relative(project.dir, site.file).split(sep).join("/")),
    loadedOtherwise: (plan) => new Map(Object.entries(plan.steps).flatMap(([id, { parts: { code } }]) => {
      const [changed] = code === null ? [] : analyzer.loadedOtherwise(Object.keys(code.modules));
      return changed === undefined ? [] : [[id, { rule: "changed-after-load", message: `${changed} was changed after this process was started: what ran may not be what is there now`, fix: "start the run in a new process, or with concurrency: 1" } satisfies UncachedReason]];
    })),
    close: () => packages.flush(),
  };
}
