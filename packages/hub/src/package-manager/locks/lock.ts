import { MlstackError } from "@mlstack/core/errors";
import type { FetchedPackage } from "../types.ts";

/** All that a package asks for, its development dependencies too. */
export function everythingAsked(entry: Readonly<{ dependencies?: unknown; devDependencies?: unknown; optionalDependencies?: unknown }>): Record<string, string> {
  return { ...strings(entry.devDependencies), ...strings(entry.dependencies), ...strings(entry.optionalDependencies) };
}

/** A package in a lock, by whatever the lock calls it. */
export interface LockNode {
  readonly name: string;
  /** Undefined where the lock does not say it: bun does not of tarballs. */
  readonly version: string | undefined;
  readonly integrity: string | undefined;
  readonly installScript: boolean | undefined;
  /** Whether it is a package of the workspace. */
  readonly workspace: boolean;
  /** What its dependencies lead to, by the names that it has for them. Undefined: the lock does not say. */
  readonly dependencies: ReadonlyMap<string, Dependency>;
}

export interface Dependency {
  /** Undefined where the lock leads to nothing. */
  readonly key: string | undefined;
  readonly optional: boolean;
}

/** A lock as all managers' locks can be read. Keys mean something to the lock alone. */
export interface Lock {
  /** Where the project's dependency `name` leads. */
  direct(name: string): string | undefined;
  node(key: string): LockNode;
  /** What the project's package.json asked for when the lock was written, ranges by name; undefined where the lock does not keep it in one place. */
  readonly asked: Readonly<Record<string, string>> | undefined;
  /** False where the lock has the other packages of the workspace, and not this one; undefined where that is not to be told. */
  readonly hasProject?: boolean;
  /** Everything in it that is fetched; a package may be there more than once. */
  fetched(): readonly FetchedPackage[];
}

/** What a reader of a lock gets. */
export interface LockSource {
  /** The lock's text, with LF. */
  readonly text: string;
  /** For messages. */
  readonly path: string;
  /** The project's folder from the root, with slashes; empty when it is the root. */
  readonly project: string;
  /** The package.json of a folder, given from the root with slashes. @throws MLS8307 when it is not there or no JSON */
  manifest(folder: string): Manifest;
  /** The folder, from the root with slashes, of the workspace's package `name`. */
  member(name: string): string | undefined;
}

/** The parts of a package.json that say what a package depends on. */
export interface Manifest {
  readonly name: string | undefined;
  readonly version: string | undefined;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
  readonly resolutions: Readonly<Record<string, string>>;
}

/** What JSON or YAML of others is read as: nothing about its inside is taken for granted. */
export type Loose = Readonly<Record<string, unknown>>;

export function isLoose(value: unknown): value is Loose {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value as an object; an empty one when it is something else. */
export function loose(value: unknown): Loose {
  return isLoose(value) ? value : {};
}

/** The fields of an object that are strings. */
export function strings(value: unknown): Record<string, string> {
  return Object.fromEntries(Object.entries(loose(value)).filter((entry): entry is [string, string] => typeof entry[1] === "string"));
}

export function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** An entry of one's own: `constructor` is a name that a package may have. */
export function own(entries: Loose, key: string): unknown {
  return Object.hasOwn(entries, key) ? entries[key] : undefined;
}

/**
 * `name@rest` in its parts; the first letter may be the @ of a scope.
 *
 * @returns undefined when there is no @ between the two
 */
export function splitAt(descriptor: string): readonly [name: string, rest: string] | undefined {
  const at = descriptor.indexOf("@", 1);
  return at < 0 ? undefined : [descriptor.slice(0, at), descriptor.slice(at + 1)];
}

/** Names of `dependencies` and `optionalDependencies`, and whether each is optional. A name in both is optional, as it is for all managers. */
export function declared(dependencies: unknown, optionalDependencies: unknown, leadsTo: (name: string) => string | undefined): Map<string, Dependency> {
  const all = new Map<string, Dependency>();
  for (const name of Object.keys(loose(dependencies))) all.set(name, { key: leadsTo(name), optional: false });
  for (const name of Object.keys(loose(optionalDependencies))) all.set(name, { key: leadsTo(name), optional: true });
  return all;
}

/** A package as it is fetched; nothing for one of the workspace. @param from with or without a digest behind `#` */
export function fetchedPackage({ name, version, integrity, workspace }: Pick<LockNode, "name" | "version" | "integrity" | "workspace">, from: string | undefined): readonly FetchedPackage[] {
  if (workspace) return [];
  return [{ name, version, integrity, from: from?.startsWith("http") === true ? from.replace(/#.*$/, "") : from }];
}

/** @returns MLS8307 */
export function unreadableLock(path: string, problem: string, fix: string, details: Readonly<Record<string, string | number>> = {}): MlstackError {
  return new MlstackError("MLS8307", `${path}: ${problem}`, { why: "the versions that a plugin depends on are read from the package manager's lock", fix, details: { path, ...details } });
}
