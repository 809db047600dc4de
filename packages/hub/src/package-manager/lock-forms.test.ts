// The same packages, written as each manager's lock would have them, have the same normal form: whatever they are called and however they hang together.
import fc from "fast-check";
import { expect, test } from "vitest";
import { NOTHING_INSTALLED } from "./installed.ts";
import type { LockSource, Manifest } from "./locks/lock.ts";
import { readLock } from "./locks/read.ts";
import { normalForm, subtreeOf } from "./subtree.ts";
import type { ManagerName } from "./types.ts";

interface Package { readonly name: string; readonly version: string; readonly dependencies: readonly number[]; readonly optional: boolean }
/** Packages that depend on later ones; the project depends on the first. */
type Graph = readonly Package[];

// names that objects have anyway, that YAML reads as something else, and with all characters that names may have
const NAMES = ["left", "constructor", "toString", "hasOwnProperty", "true", "null", "1e3", "0x10", "-", "@acme/left", "@a.b/c_d", "lodash.x", "npm", "y", "~t"];
const graph = fc.array(fc.record({ name: fc.nat(NAMES.length - 1), version: fc.constantFrom("1.0.0", "1.0.1", "2.0.0-rc.1", "10.20.30"), links: fc.uniqueArray(fc.nat(4), { maxLength: 3 }), optional: fc.boolean() }), { minLength: 1, maxLength: 6 })
  .map((raw): Graph => {
    const ids = new Set<string>();
    const kept = raw.filter(({ name, version }) => { const id = `${name}@${version}`; return !ids.has(id) && ids.add(id); });
    return kept.map(({ name, version, links, optional }, at) => {
      // a package has one dependency of a name, and none of its own: for that it would need an alias
      const seen = new Set([name]);
      const dependencies = links.map((link) => at + 1 + link).filter((to) => to < kept.length && !seen.has(kept[to]!.name) && seen.add(kept[to]!.name) !== undefined);
      return { name: NAMES[name]!, version, dependencies, optional };
    });
  });

const idOf = ({ name, version }: Package): string => `${name}@${version}`;
const kind = (p: Package): string => (p.optional ? "optionalDependencies" : "dependencies");
const ranges = (p: Package, all: Graph, range = (to: Package): string => to.version): Record<string, string> => Object.fromEntries(p.dependencies.map((to) => [all[to]!.name, range(all[to]!)]));
const q = (text: string): string => JSON.stringify(text);

function npmLock(all: Graph): string {
  const packages: [string, object][] = [];
  const put = (at: number, below: string): void => {
    const p = all[at]!;
    const path = `${below}node_modules/${p.name}`;
    packages.push([path, { version: p.version, [kind(p)]: ranges(p, all) }]);
    for (const to of p.dependencies) put(to, `${path}/`);
  };
  put(0, "");
  return JSON.stringify({ lockfileVersion: 3, packages: Object.fromEntries([["", { dependencies: { [all[0]!.name]: all[0]!.version } }], ...packages]) });
}
function bunLock(all: Graph): string {
  const packages: [string, unknown[]][] = [];
  const put = (at: number, below: readonly string[]): void => {
    const p = all[at]!;
    const path = [...below, p.name];
    packages.push([path.join("/"), [idOf(p), "", { [kind(p)]: ranges(p, all) }, "sha512-AA=="]]);
    for (const to of p.dependencies) put(to, path);
  };
  put(0, []);
  const lines = packages.map(([path, entry]) => `    ${q(path)}: ${JSON.stringify(entry)},\n`).join("");
  return `{\n  "lockfileVersion": 2,\n  "workspaces": { "": { "name": "app", }, },\n  "packages": {\n${lines}  },\n}\n`;
}
function pnpmLock(all: Graph): string {
  const map = (entries: readonly (readonly [string, string])[]): string => `{${entries.map(([key, value]) => `${q(key)}: ${value}`).join(", ")}}`;
  const snapshots = all.map((p) => [idOf(p), map([[kind(p), map(Object.entries(ranges(p, all)).map(([name, version]) => [name, q(version)] as const))]])] as const);
  return `lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies: ${map([[all[0]!.name, map([["version", q(all[0]!.version)]])]])}\npackages: ${map(all.map((p) => [idOf(p), "{}"] as const))}\nsnapshots: ${map(snapshots)}\n`;
}
function classicLock(all: Graph): string {
  const entries = all.map((p) => `${q(idOf(p))}:\n  version ${q(p.version)}\n${p.dependencies.length === 0 ? "" : `  ${kind(p)}:\n${Object.entries(ranges(p, all)).map(([name, range]) => `    ${q(name)} ${q(range)}\n`).join("")}`}`);
  return `# yarn lockfile v1\n\n\n${entries.join("\n")}`;
}
function berryLock(all: Graph): string {
  const block = (title: string, entries: readonly (readonly [string, string])[]): string => (entries.length === 0 ? "" : `  ${title}:\n${entries.map(([key, value]) => `    ${q(key)}: ${value}\n`).join("")}`);
  const entries = all.map((p) => {
    const wanted = Object.entries(ranges(p, all)).map(([name, range]) => [name, q(`npm:${range}`)] as const);
    return `${q(`${p.name}@npm:${p.version}`)}:\n  version: ${p.version}\n  resolution: ${q(`${p.name}@npm:${p.version}`)}\n${block("dependencies", wanted)}${p.optional ? block("dependenciesMeta", wanted.map(([name]) => [name, "{ optional: true }"] as const)) : ""}`;
  });
  const app = `"app@workspace:.":\n  version: 0.0.0-use.local\n  resolution: "app@workspace:."\n${block("dependencies", [[all[0]!.name, q(`npm:${all[0]!.version}`)]])}`;
  return `__metadata:\n  version: 8\n\n${[...entries, app].join("\n")}`;
}

const WRITERS: readonly (readonly [string, ManagerName, (all: Graph) => string])[] = [["npm", "npm", npmLock], ["pnpm", "pnpm", pnpmLock], ["yarn 1", "yarn", classicLock], ["yarn 4", "yarn", berryLock], ["bun", "bun", bunLock]];

/** What the packages are, with no lock in between. */
function expected(all: Graph): string {
  const reached = new Set<number>();
  const visit = (at: number): void => { if (!reached.has(at)) { reached.add(at); all[at]!.dependencies.forEach(visit); } };
  visit(0);
  const packages = [...reached].map((at) => ({ id: idOf(all[at]!), name: all[at]!.name, version: all[at]!.version, integrity: undefined, installScript: undefined }));
  const edges = [...reached].flatMap((at) => all[at]!.dependencies.map((to) => ({ from: idOf(all[at]!), as: all[to]!.name, to: idOf(all[to]!) })));
  const by = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  return normalForm({ packages: packages.sort((a, b) => by(a.id, b.id)), edges: edges.sort((a, b) => by(a.from, b.from) || by(a.as, b.as)) });
}

test.each(WRITERS)("%s", (_, manager, write) => {
  fc.assert(fc.property(graph, (all) => {
    const manifest: Manifest = { name: "app", version: undefined, dependencies: { [all[0]!.name]: all[0]!.version }, devDependencies: {}, optionalDependencies: {}, resolutions: {} };
    const source: LockSource = { text: write(all), path: "lock", project: "", manifest: () => manifest, member: () => undefined };
    const tree = subtreeOf(all[0]!.name, { lock: readLock(manager, source), lockFile: "lock", remake: "", installed: NOTHING_INSTALLED });
    expect(normalForm(tree)).toBe(expected(all));
  }), { numRuns: 300 });
});
