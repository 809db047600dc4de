import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, sep } from "node:path";
import { create } from "tar";

/** A package and its tarball. */
export interface PackedPackage {
  readonly packageJson: Readonly<Record<string, unknown>>;
  readonly tarball: Uint8Array;
}

/** Packs files as npm does, those too that `npm pack` would leave out or rename: other packers do not. */
export async function packFiles(packageJson: Readonly<Record<string, unknown>>, files: Readonly<Record<string, string>>): Promise<PackedPackage> {
  const dir = mkdtempSync(join(tmpdir(), "mlstack-live-pack-"));
  const all: Readonly<Record<string, string>> = { "package.json": `${JSON.stringify(packageJson, undefined, 2)}\n`, ...files };
  try {
    for (const [path, text] of Object.entries(all)) {
      mkdirSync(dirname(join(dir, "package", path)), { recursive: true });
      writeFileSync(join(dir, "package", path), text);
    }
    const file = join(dir, "package.tgz");
    await create({ file, cwd: dir, gzip: true, portable: true }, Object.keys(all).map((path) => `package/${path}`));
    return { packageJson, tarball: readFileSync(file) };
  } finally { rmSync(dir, { recursive: true, force: true }); }
}

/** A package.json of an integration that needs nothing. */
export function integrationJson(name: string, version: string, more: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  return {
    name, version, description: `The integration ${name}`, keywords: ["mlstack-plugin"], type: "module", license: "Apache-2.0",
    mlstack: { manifestVersion: 1, entry: "./index.js", core: "^0.1.0", components: [{ contract: "artifact_store@1", flavor: "x", description: "For tests", config: { type: "object" }, permissions: { hosts: ["*"] } }] }, ...more,
  };
}

/**
 * Packs a package of this clone, or one that it has installed: what runs of it, so that tests need not carry the rest about.
 *
 * @param more fields that it is to have instead
 */
export async function packFolder(folder: string, more: Readonly<Record<string, unknown>> = {}): Promise<PackedPackage> {
  const { devDependencies: _, publishConfig: __, scripts: ___, ...json } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Readonly<Record<string, unknown>>;
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile() && entry.name.endsWith(".js")).map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/"));
  const kept = paths.filter((path) => !/(?:^|\/)(?:node_modules|src)\//.test(path));
  return packFiles({ ...json, ...more }, Object.fromEntries(kept.map((path) => [path, readFileSync(join(folder, path), "utf8")])));
}
