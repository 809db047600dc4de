import { existsSync, readFileSync } from "node:fs";
import { MlstackError } from "@mlstack/core/errors";
import { replaceFile } from "../files/replace-file.ts";
import type { PackumentVersion } from "../registry/packument.ts";
import { isPublicNpm } from "../registry/public-npm.ts";
import type { PackageShelf } from "../registry/shelf.ts";
import type { Command, Commands, Flavor } from "./commands.ts";
import { addressOf, serveShelf } from "./shelf-server.ts";
import type { AddedPackage, FetchedPackage } from "./types.ts";

/*
 * A package manager without a network gets what bundles have brought from a registry that this process is while it runs. It checks what it gets as it always
 * does, keeps it in its own cache, and its lock says afterwards what it would have said with a network.
 */

/** What an offline run of a manager may need. */
export interface Needed {
  readonly lockFile: string;
  /** All that its lock names; asked for where there is a lock. */
  packages(): Promise<readonly FetchedPackage[]>;
  /** Names of what package.json asks of registries; for a project without a lock. */
  readonly asked: readonly string[];
  readonly added: readonly AddedPackage[];
}

/** Whether an offline run finds all on the shelf; where it does not, the manager's own cache may still have it. */
export async function isOnShelf(shelf: PackageShelf, { lockFile, packages, asked, added }: Needed): Promise<boolean> {
  const exact = added.filter(({ spec }) => /^\d/.test(spec)).map(({ name, spec }) => ({ name, version: spec }));
  if (!(await Promise.all(exact.map(({ name, version }) => has(shelf, name, version)))).every(Boolean)) return false;
  if (!existsSync(lockFile)) return asked.length + exact.length > 0 && (await Promise.all(asked.map(async (name) => (await shelf.packument(name)) !== undefined))).every(Boolean);
  let locked: readonly FetchedPackage[];
  try { locked = (await packages()).filter(ofRegistry); } catch (e) {
    // what can't be read here the manager may still be able to
    if (MlstackError.is(e, "MLS8307")) return false;
    throw e;
  }
  return exact.length + locked.length > 0 && (await Promise.all(locked.map(({ name, version }) => has(shelf, name, version!)))).every(Boolean);
}

const ofRegistry = ({ version, from }: FetchedPackage): boolean => version !== undefined && (from === undefined || /^https?:/.test(from));

async function has(shelf: PackageShelf, name: string, version: string): Promise<boolean> {
  const found = (await shelf.packument(name))?.versions[version];
  return found !== undefined && (!suits(found, { os: process.platform, cpu: process.arch }) || await shelf.has(found.dist.integrity));
}

/** Whether a package says that it is for a platform. What it says of libraries is not looked at. */
export function suits({ os, cpu }: Pick<PackumentVersion, string>, platform: { readonly os: string; readonly cpu: string }): boolean {
  return allows(os, platform.os) && allows(cpu, platform.cpu);
}

/** As in package.json: names that are meant, or with ! those that are not. */
function allows(list: unknown, name: string): boolean {
  const names = (Array.isArray(list) ? list : [list]).filter((each) => typeof each === "string" && each !== "any");
  const [not, only] = [names.filter((each) => each.startsWith("!")), names.filter((each) => !each.startsWith("!"))];
  return !not.includes(`!${name}`) && (only.length === 0 || only.includes(name));
}

/** Managers whose locks have whole addresses, and that go there whatever registry they are given. */
const ADDRESSES_IN_LOCK: ReadonlySet<Flavor> = new Set(["yarn-classic", "bun"]);

/**
 * Runs a manager with the shelf as its only registry. Every other address is refused.
 *
 * @param run gets what tells the manager so
 * @throws what `run` throws; MLS8105 where something was asked for that is not on the shelf
 */
export async function withShelf<T>(shelf: PackageShelf, flavor: Flavor, commands: Commands, { lockFile, packages }: Needed, run: (where: Command) => Promise<T>): Promise<T> {
  // npm writes the address that it is told into its lock, and can be told to go elsewhere nevertheless
  const server = await serveShelf(shelf, flavor === "npm");
  try {
    const scopes = [...new Set((await shelf.names()).filter((name) => name.startsWith("@")).map((name) => name.slice(0, name.indexOf("/"))))];
    const { args, env } = commands.shelf(server.url, scopes);
    const proxies = Object.fromEntries(["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"].flatMap((name) => [[name, server.url], [name.toLowerCase(), server.url]]));
    const where = { args, env: { ...proxies, NO_PROXY: "127.0.0.1", no_proxy: "127.0.0.1", ...env } };
    if (!ADDRESSES_IN_LOCK.has(flavor)) return await run(where);
    const there = await addresses(shelf, lockFile, packages, server.url);
    await replaceIn(lockFile, (address) => there.get(address));
    try { return await run(where); } finally { await replaceIn(lockFile, await backFrom(there, shelf, server.url, flavor)); }
  } catch (e) {
    if (server.missing.size === 0 || !MlstackError.is(e) || e.code === "MLS4003" || e.code === "MLS8201") throw e;
    const missing = [...server.missing].toSorted();
    throw new MlstackError("MLS8105", `the package manager needs something that is not here, and is to use no network: ${missing.slice(0, 5).join(", ")}${missing.length > 5 ? ` and ${missing.length - 5} more` : ""}`, {
      why: "no bundle that was imported here has it", fix: "import a bundle that was exported with it: mlstack integration bundle import FILE; or do it once without --offline", details: { missing }, cause: e,
    });
  } finally { await server.close(); }
}

/** Where the lock says that packages lie, and where they lie on the shelf. */
async function addresses(shelf: PackageShelf, lockFile: string, packages: Needed["packages"], base: string): Promise<ReadonlyMap<string, string>> {
  const locked = existsSync(lockFile) ? (await packages()).filter(ofRegistry) : [];
  const found = await Promise.all(locked.map(async ({ name, version, from }): Promise<readonly [string, string][]> => (from !== undefined && (await shelf.packument(name))?.versions[version!] !== undefined ? [[from, addressOf({ name, version: version! }, base)]] : [])));
  return new Map(found.flat());
}

/** The way back: addresses as they were in the lock; of what came along, as the registry has them. */
async function backFrom(there: ReadonlyMap<string, string>, shelf: PackageShelf, base: string, flavor: Flavor): Promise<(address: string) => string | undefined> {
  const versions = (await Promise.all((await shelf.names()).map((name) => shelf.packument(name)))).flatMap((found) => Object.values(found?.versions ?? {}));
  const back = new Map(versions.map((version) => [addressOf(version, base), version.dist.tarball] as const));
  // bun writes no address where it is the one of its own default registry
  if (flavor === "bun") for (const [here, address] of back) if (isPublicNpm(address)) back.set(here, "");
  for (const [address, here] of there) back.set(here, address);
  return (address) => back.get(address);
}

/** Addresses stand in quotes; yarn 1 has a digest behind them. Nothing else in the file is touched. */
async function replaceIn(lockFile: string, other: (address: string) => string | undefined): Promise<void> {
  if (!existsSync(lockFile)) return;
  const before = readFileSync(lockFile, "utf8");
  const after = before.replaceAll(/"(https?:[^"#\s]+)(#[^"]*)?"/g, (whole, address: string, digest = "") => { const found = other(address); return found === undefined ? whole : `"${found}${digest as string}"`; });
  if (after !== before) replaceFile(lockFile, Buffer.from(after));
}
