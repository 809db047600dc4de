import { didYouMean, MlstackError, nameList } from "@mlstack/core/errors";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { PackageManager, PlanContext } from "@mlstack/hub";
import type { Hub } from "./open-hub.ts";

/** What is agreed to by name, by flag as it is typed. */
export type Agreed = Readonly<Record<`--allow-${string}`, readonly string[] | undefined>>;

/**
 * Refuses what is agreed to of an integration that is none: a slip would pass silently, and what was meant be refused or, worse, asked for elsewhere.
 * Names of the catalog pass, whether the project has them or not: one line does for several projects.
 *
 * @param more packages that need not be there yet: of what is going to be done
 * @throws MLS8412
 */
export function refuseUnknownNames(agreed: Agreed, { hub, context }: Pick<Hub, "hub" | "context">, more: readonly string[] = []): void {
  const { catalog, lock, installed } = context;
  const packages = [...new Set([...more, ...installed.map(({ name }) => name), ...Object.keys(lock?.plugins ?? {})])].toSorted();
  for (const [flag, names] of Object.entries(agreed)) {
    // versions may be young of a whole scope
    const scopes = flag === "--allow-fresh" ? [...new Set(packages.filter((name) => name.startsWith("@")).map((name) => name.split("/")[0]!))] : [];
    for (const name of names ?? []) {
      const found = hub.expand(catalog, name);
      if (!("unknown" in found) || packages.includes(name) || scopes.includes(name)) continue;
      const near = didYouMean(name, [...packages, ...scopes]) ?? found.didYouMean;
      throw new MlstackError("MLS8412", `${flag} ${name} names no integration of this project`, {
        why: `it has ${nameList([...packages, ...scopes])}${near === undefined ? "" : `; did you mean "${near}"?`}`, fix: near === undefined ? `leave ${flag} out, or name one of those` : `${flag} ${near}`, details: { flag, name, known: [...packages, ...scopes], didYouMean: near ?? null },
      });
    }
  }
}

/** Whether a project declares an integration, as far as that can be seen without installing: of those of the catalog by their names, and of those that are there. */
export function declaresIntegration(projectDir: string, { catalog, installed }: Pick<PlanContext, "catalog" | "installed">): boolean {
  if (installed.some(({ source }) => source !== "built-in")) return true;
  const known = new Set(catalog.integrations.map((i) => i.package));
  return declared(manifestOf(projectDir)).some((name) => known.has(name));
}

/** Whether a project has nothing that a package manager could install: no dependency, no lock, and no workspace around it. */
export function declaresNothing({ projectDir, rootDir, lockFile }: Pick<PackageManager, "projectDir" | "rootDir" | "lockFile">): boolean {
  const manifest = manifestOf(projectDir);
  return declared(manifest).length === 0 && manifest["workspaces"] === undefined && projectDir === rootDir && !existsSync(lockFile);
}

type Manifest = Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>;
const manifestOf = (projectDir: string): Manifest => JSON.parse(readFileSync(join(projectDir, "package.json"), "utf8").replace(/^\uFEFF/, "")) as Manifest;
const declared = (manifest: Manifest): readonly string[] => ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"].flatMap((field) => Object.keys(manifest[field] ?? {}));

