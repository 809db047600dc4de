import type { CallSite } from "@mlstack/core";
import type { ReachedFile } from "./reach.ts";

/** Why a step can't be cached: a part of its key can't be known. */
export interface UncachedReason {
  readonly rule:
    | "run-time-step" | "dynamic-import" | "dynamic-require" | "eval" | "undeclared-env" | "own-file-location" | "reassigned-binding"
    | "module-level-read" | "unreadable-module" | "unresolved-package" | "file-named-by-string" | "unencodable-parameter" | "effects"
    | "switched-off" | "changed-after-load" | "data-unreadable" | "missing-file" | "unreadable-entry" | "loaded-otherwise" | "reads-run-info" | "reads-data-uri" | "reads-artifact-bytes"
    | "reads-process" | "undeclared-file" | "unknown-global" | "other-zone";
  /** What was found, in one line. */
  readonly message: string;
  /** What to write instead, in one line. */
  readonly fix: string;
  /** `src/features.ts:12:5`, relative to the project's root. */
  readonly at?: string | undefined;
}

/** Where a step lives: a top-level export of one of the project's own modules. */
export interface StepIdentity {
  /** POSIX path relative to the project's root. */
  readonly module: string;
  readonly export: string;
}

/** What of a project's own code one step reaches. */
export interface CodeFingerprint {
  /** Hex SHA-256 over algorithm version, the declaration that the export stands for, and the sorted list (module path, digest of what is retained of it). */
  readonly digest: string;
  /** By module path (POSIX, relative to the project's root). */
  readonly modules: Readonly<Record<string, ModuleFingerprint>>;
  /** The npm packages that retained code refers to, with the folder of a module that does. */
  readonly packages: readonly ReachedPackage[];
  /** Every file that decides what the export is, whether something of it is retained or not. */
  readonly files: readonly ReachedFile[];
  /** Results may depend on the time zone and the language of the process. */
  readonly readsZone: boolean;
  /** Results may depend on operating system and processor. */
  readonly readsPlatform: boolean;
  /** Environment variables that count as if the step declared them. */
  readonly env: readonly string[];
  /** Empty when the step can be cached as far as its code goes. */
  readonly uncached: readonly UncachedReason[];
}

export interface ModuleFingerprint {
  readonly digest: string;
  /**
   * Digest of each retained top-level declaration by its name, `(effects)` for retained statements that declare nothing, and, of the step's own
   * module, `(order)` for the order in which modules with effects run. For `why`.
   */
  readonly symbols: Readonly<Record<string, string>>;
}

export interface ReachedPackage {
  /** `zod`, `@scope/name`. */
  readonly name: string;
  /** Absolute folder of the importing module: packages are resolved from there. */
  readonly from: string;
  /** The file of it that is imported, where that is known: an alias or a relative path may lead to another copy than the name does. */
  readonly file?: string | undefined;
  /** In place of `file`: the folder of the package that is imported. */
  readonly folder?: string | undefined;
}

/** What the packages that a step reaches add to its key. */
export interface PackagesFingerprint {
  /** Hex SHA-256 over the packages' files and how they are wired: which copy each of them sees. */
  readonly digest: string;
  /**
   * The packages that own code imports itself, and from which folders (POSIX, relative to the project's root; empty for the root). `folder` is
   * that of the package, where the name leads to another copy from there.
   */
  readonly roots: readonly { readonly name: string; readonly from: string; readonly folder?: string | undefined }[];
  /** `name@version` → digest, transitively. */
  readonly entries: Readonly<Record<string, string>>;
  /** A reached package holds native code, so results may depend on the platform. */
  readonly native: boolean;
  readonly uncached: readonly UncachedReason[];
}

/** Knows a project's own code. Parses every module at most once. One instance per project and run of the compiler. */
export interface CodeAnalyzer {
  /** Which exported declaration a call of `step()` belongs to, or why it belongs to none. */
  identify(site: CallSite | undefined, name: string): StepIdentity | UncachedReason;
  /**
   * The same for any other named export that is looked up by its value's name, such as a predicate.
   *
   * @param loaded paths of modules that the process loads besides, such as the pipeline's: they may change what the step finds
   */
  fingerprint(identity: StepIdentity, declared: { readonly env: readonly string[]; readonly files: readonly string[] }, loaded?: readonly string[]): CodeFingerprint;
  /** Watches whether this process runs the code that a fingerprint was made of. To be made before the code may change again. */
  check(code: CodeFingerprint): LoadCheck;
  /** The modules that the given steps' modules import, transitively, as they run elsewhere: compiled, with resolved specifiers. */
  bundle(modules: readonly string[]): CodeBundle;
}

/** Own code in the form in which it travels. */
export interface CodeBundle {
  /** Path in the bundle → content. Modules are JavaScript with their specifiers rewritten to the bundle's paths; packages stay bare. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Module path in the project → path in the bundle. */
  readonly modules: Readonly<Record<string, string>>;
}

/** Tells whether what this process has loaded of a step is what a part of its key was made of. */
export interface LoadCheck {
  /**
   * The first difference, for what was loaded until now; undefined when there is none. A difference does not go away: what was loaded stays.
   * Cheap where nothing was loaded since it was asked before.
   */
  changed(): UncachedReason | undefined;
}
