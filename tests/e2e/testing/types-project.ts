import { mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import type { HubCli } from "./hub-cli.ts";

const root = join(import.meta.dirname, "..", "..", "..");
export const [INDEX, FLAT] = ["@acme/mlstack-vector-index", "@acme/mlstack-plugin-flat-index"];
const FOLDERS: Readonly<Record<string, string>> = { [INDEX]: "vector-index", [FLAT]: "vector-index-flat" };

/** What the two example packages would be published as: their package.json, and the other files by path. */
export function packageOf(name: string): { readonly json: Record<string, unknown>; readonly files: Readonly<Record<string, string>> } {
  const folder = join(root, "examples", FOLDERS[name]!);
  const { private: _, devDependencies: _dev, dependencies: _own, peerDependencies, ...json } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Record<string, Record<string, string>>;
  const paths = readdirSync(join(folder, "dist"), { recursive: true, withFileTypes: true }).filter((e) => e.isFile()).map((e) => relative(folder, join(e.parentPath, e.name)).replaceAll("\\", "/"));
  // core and zod would have to come from the registry of the tests
  const peers = Object.fromEntries(Object.entries(peerDependencies ?? {}).filter(([peer]) => !peer.startsWith("@mlstack/")));
  return { json: { ...json, peerDependencies: peers, peerDependenciesMeta: {} }, files: Object.fromEntries(paths.map((path) => [path, readFileSync(join(folder, path), "utf8")])) };
}

/** Publishes one of the two, in this version; `edit` changes its manifest. */
export function publish({ server }: HubCli, name: string, version = "1.0.0", edit: (manifest: Record<string, unknown>) => object = (m) => m): void {
  const { json, files } = packageOf(name);
  server.publish({ name, version, files, more: { ...json, version, mlstack: edit(json["mlstack"] as Record<string, unknown>) } });
}

/** Where the project's code finds mlstack: in a folder above, for a package manager would take away what it has not installed. */
export function linkMlstack({ folder }: HubCli): void {
  const link = (name: string, target: string) => {
    mkdirSync(dirname(join(folder, "node_modules", name)), { recursive: true });
    symlinkSync(target, join(folder, "node_modules", name), "junction");
  };
  link("mlstack", join(root, "packages", "cli"));
  for (const name of ["core", "plugin-process"]) link(`@mlstack/${name}`, join(root, "packages", name));
  link("zod", join(root, "node_modules", "zod"));
}

/** The example project that uses them, in the place of the test's. */
export function copySearch(hub: HubCli): void {
  const from = join(root, "examples", "vector-search");
  for (const file of ["pipeline.ts", "embed.ts", "stacks/search.yaml", "mlstack.yaml"]) hub.write(`project/${file}`, readFileSync(join(from, file), "utf8"));
}
