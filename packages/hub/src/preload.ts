// Packages that read this one as source have no tsconfig that would include it.
// oxlint-disable-next-line typescript/triple-slash-reference
/// <reference path="./registry/npm-libraries.d.ts" />
/**
 * Loads what is otherwise loaded on first use. To be called before a package manager is at work: it may put another version in the place of the very
 * program that drives it, whose files are then not where they were.
 */
export async function preload(): Promise<void> {
  await Promise.all([import("tar"), import("npm-registry-fetch"), import("npm-package-arg"), import("./catalog/schema.ts")]);
}
