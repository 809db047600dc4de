// Packages that read this one as source have no tsconfig that would include it.
// oxlint-disable-next-line typescript/triple-slash-reference
/// <reference path="./npm-packlist.d.ts" />
import type { PackageFolder } from "./package-folder.ts";

/** The files that a package ships, as npm chooses them: paths from its folder, with `/`, sorted. What it bundles is not among them. */
export async function shippedFiles({ dir, packageJson }: PackageFolder): Promise<readonly string[]> {
  const { default: packlist } = await import("npm-packlist");
  const { bundleDependencies: _, bundledDependencies: __, ...plain } = packageJson;
  const files = await packlist({ path: dir, package: plain, isProjectRoot: true, edgesOut: new Map() });
  return files.map((file) => file.replaceAll("\\", "/")).toSorted();
}

/** A problem with a shipped file. */
export interface ShippedProblem {
  readonly kind: "test" | "secret";
  readonly path: string;
}

const TESTS = [/\.(?:test|spec|test-d|live|bench)\.[cm]?[jt]sx?$/, /(?:^|\/)(?:__tests__|__mocks__|__snapshots__|tests?|testing|fixtures|coverage)\//, /(?:^|\/)vitest\.config\.[cm]?[jt]s$/, /\.tsbuildinfo$/];
const SECRETS = [/(?:^|\/)\.env(?:\.(?!example$|sample$|template$)[^/]*)?$/, /(?:^|\/)\.(?:npmrc|yarnrc|yarnrc\.yml|netrc|pypirc|htpasswd)$/, /(?:^|\/)\.(?:aws|ssh|gnupg|kube|docker)\//, /(?:^|\/)id_(?:rsa|dsa|ecdsa|ed25519)$/, /\.(?:pem|key|p12|pfx|jks|keystore)$/, /(?:^|\/)(?:credentials|service-account[^/]*|client_secret[^/]*)\.json$/];

/** Files that users have no use for, and those that may hold what nobody else should read, told by their names. @param paths with `/` */
export function shippedProblems(paths: Iterable<string>): readonly ShippedProblem[] {
  return [...paths].flatMap((path): readonly ShippedProblem[] => [
    ...(SECRETS.some((pattern) => pattern.test(path)) ? [{ kind: "secret" as const, path }] : []),
    ...(TESTS.some((pattern) => pattern.test(path)) ? [{ kind: "test" as const, path }] : []),
  ]);
}
