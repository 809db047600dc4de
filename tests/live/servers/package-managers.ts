import { existsSync, mkdirSync, symlinkSync } from "node:fs";
import { delimiter, join } from "node:path";
import { npmFolder } from "./tools.ts";

export interface InstalledManager {
  /** Such as `pnpm 12`. */
  readonly id: string;
  readonly program: "npm" | "pnpm" | "yarn" | "bun";
  /** What `--version` says. */
  readonly version: string;
  /** The package of npm's that holds it. */
  readonly pinned: string;
  /** The program, from the folder that the package was installed in. */
  readonly path: string;
}

const platform = `${process.platform}-${process.arch}`;
const manager = (program: InstalledManager["program"], version: string, path: string, pinned = `${program}@${version}`): InstalledManager => ({ id: `${program} ${version.split(".")[0]}`, program, version, pinned, path: join("node_modules", path) });

/** The two majors of each that projects have; pnpm 12 and bun are native programs, which their packages carry for each platform. */
export const MANAGERS: readonly InstalledManager[] = [
  manager("npm", "11.21.2", "npm/bin/npm-cli.js"), manager("npm", "12.2.0", "npm/bin/npm-cli.js"),
  manager("pnpm", "10.34.9", "pnpm/bin/pnpm.cjs"), manager("pnpm", "12.21.0", `@pnpm/exe.${platform}/pnpm`),
  manager("yarn", "1.22.22", "yarn/bin/yarn.js"), manager("yarn", "4.18.1", "@yarnpkg/cli-dist/bin/yarn.js", "@yarnpkg/cli-dist@4.18.1"),
  manager("bun", "1.4.5", `@oven/bun-${platform}/bin/bun`),
];

/** Installs all of them; no script of theirs runs. */
export async function install(): Promise<string> {
  const folders: string[] = [];
  for (const each of MANAGERS) folders.push(await programFolder(each));
  return folders.join(delimiter);
}

/** A folder for PATH that has the manager's program, under its name, and nothing else. */
export async function programFolder({ pinned, path, program }: InstalledManager): Promise<string> {
  const folder = await npmFolder(pinned);
  const bin = join(folder, "program");
  mkdirSync(bin, { recursive: true });
  try { symlinkSync(join(folder, path), join(bin, program)); } catch (e) {
    if (!existsSync(join(bin, program))) throw e;
  }
  return bin;
}
