import type { StepDefinition } from "@mlstack/core";
import type { PipelineDefinition } from "../authoring/pipeline.ts";
import type { CodeBundle, CodeFingerprint, PackagesFingerprint, StepIdentity, UncachedReason } from "../compile/types.ts";
import type { Plan } from "./plan.ts";

/** What the compiler needs to know of its surroundings. One object per engine; nothing is kept between compilations but what it holds. */
export interface CompileContext {
  readonly projectDir: string;
  readonly runtime: string;
  readonly platform: Plan["environment"]["platform"];
  /** Version of the code digest. */
  readonly codeAlgorithm: string;
  /** Per language; `node` is ours. */
  readonly fingerprinters: Readonly<Record<string, StepFingerprinter>>;
  /** Environment of the compiling process, and the project's salt for the keyed hashes of its values. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly envSalt: string;
  /** The project's modules in the form in which they travel. */
  bundle(modules: readonly string[]): { readonly digest: string; readonly bundle: CodeBundle };
  moduleOf(site: PipelineDefinition["site"]): string | null;
}

/** Computes what a language's code and packages add to the key. */
export interface StepFingerprinter {
  /** @param loaded paths of modules that the process loads besides the step's own: the pipeline's */
  fingerprint(step: StepDefinition, declared: { readonly env: readonly string[]; readonly files: readonly string[] }, loaded: readonly string[]): StepFingerprint | Promise<StepFingerprint>;
}

export interface StepFingerprint {
  readonly identity: StepIdentity | null;
  readonly code: CodeFingerprint | null;
  readonly packages: PackagesFingerprint | null;
  readonly runtime: string;
  /** Results may depend on the platform. */
  readonly native: boolean;
  /** Results may depend on the time zone and the language of the process. */
  readonly readsZone: boolean;
  /** Environment variables that count as declared, besides those that are. */
  readonly env: readonly string[];
  readonly uncached: readonly UncachedReason[];
}
