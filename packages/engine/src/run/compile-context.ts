import { existsSync, realpathSync } from "node:fs";
import { relative, sep } from "node:path";
import type { CompileContext, Plan, StepFingerprinter } from "@mlstack/pipeline";
import { CODE_ALGORITHM, codeAnalyzer, packageFingerprinter, platformOf, runtimeOf, type LoadCheck, type StepIdentity } from "@mlstack/pipeline/compile";
import type { Project, ProjectIdentity } from "../project/project.ts";
import { makeManifest, encodeManifest, sha256 } from "../store/manifest.ts";

export interface EngineCompileContext extends CompileContext {
  /** By step of a plan that was compiled here: whether this process runs the code and packages that its key was made of. */
  checks(plan: Plan): ReadonlyMap<string, LoadCheck>;
  close(): void;
}

/** What the plan compiler needs of this machine and project. Made anew for each compilation, so that edited files are seen. */
export function compileContext(project: Project, identity: ProjectIdentity, env: Readonly<Record<string, string | undefined>>): EngineCompileContext {
  const analyzer = codeAnalyzer({ projectDir: project.dir });
  const packages = packageFingerprinter({ projectDir: project.dir, stateDir: project.stateDir });
  const runtime = runtimeOf();
  const checks = new Map<string, LoadCheck>();
  const main = mainModule(project.dir);
  const node: StepFingerprinter = {
    fingerprint(step, declared, loaded) {
      const found = analyzer.identify(step.site, step.name);
      if ("rule" in found) return { identity: null, code: null, packages: null, runtime, native: false, readsZone: true, env: [], uncached: [found] };
      const code = analyzer.fingerprint(found, declared, [...loaded, ...main]);
      const reached = packages.fingerprint(code.packages);
      const [ownCheck, packageCheck] = [analyzer.check(code), packages.check(code.packages, true)];
      checks.set(nameOf(found), { changed: () => ownCheck.changed() ?? packageCheck.changed() });
      return { identity: found, code, packages: reached, runtime, native: reached.native || code.readsPlatform, readsZone: code.readsZone, env: code.env, uncached: [...code.uncached, ...reached.uncached] };
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
    checks: (plan) => new Map(Object.entries(plan.steps).flatMap(([id, { identity }]) => {
      const check = identity === null ? undefined : checks.get(nameOf(identity));
      return check === undefined ? [] : [[id, check]];
    })),
    close: () => packages.flush(),
  };
}

const nameOf = ({ module, export: name }: StepIdentity): string => `${module}#${name}`;

/** The program that this process runs, where it is the project's own: what it sets is seen by steps that run here. */
function mainModule(projectDir: string): readonly string[] {
  const [, main] = process.argv;
  if (main === undefined || !existsSync(main)) return [];
  const path = relative(realpathSync.native(projectDir), realpathSync.native(main)).split(sep);
  return path[0] === ".." || path.includes("node_modules") ? [] : [path.join("/")];
}
