import { existsSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import type { PluginLoader } from "@mlstack/core";
import { count } from "../ui/format.ts";
import { error, ok, warning, type DoctorLine, type Patient } from "./line.ts";

/** What there may be but one of, for what one copy makes another has to understand. */
const SINGLE = ["@mlstack/core", "@mlstack/pipeline", "mlstack", "zod"];

/** The package manager, the copies of mlstack, and the plugins. */
export async function packageLines({ dir }: Pick<Patient, "dir">, plugins: PluginLoader): Promise<DoctorLine[]> {
  return [managerLine(dir), ...copies(dir, (await plugins.list()).map((p) => p.package)), ...(await pluginLines(plugins))];
}

function managerLine(dir: string): DoctorLine {
  const pnp = upward(dir, ".pnp.cjs") ?? upward(dir, ".pnp.loader.mjs");
  if (pnp !== undefined) return error("package manager", `Yarn Plug'n'Play (${pnp})`, "set nodeLinker: node-modules in .yarnrc.yml, and install again");
  if (!existsSync(join(dir, "package.json"))) return warning("package manager", `${dir} has no package.json`, "npm init -y, so that packages are found and plugins can be listed");
  const locks = ["package-lock.json", "pnpm-lock.yaml", "yarn.lock", "bun.lock", "bun.lockb"].map((name) => upward(dir, name)).filter((path) => path !== undefined);
  if (locks.length > 1 && new Set(locks.map((path) => dirname(path))).size === 1) return warning("package manager", `several lock files: ${locks.join(", ")}`, "keep that of the package manager in use");
  return locks[0] === undefined ? warning("package manager", "there is no lock file", "install with one: steps elsewhere need the same packages") : ok("package manager", locks[0]);
}

function upward(from: string, name: string): string | undefined {
  for (let at = from; ; at = dirname(at)) {
    if (existsSync(join(at, name))) return join(at, name);
    if (dirname(at) === at) return undefined;
  }
}

/** A package as one place sees it. */
export function seenFrom(from: string, name: string): { readonly dir: string; readonly version: string } | undefined {
  const path = upward(from, join("node_modules", name, "package.json"));
  if (path === undefined) return undefined;
  try { return { dir: dirname(realpathSync(path)), version: (JSON.parse(readFileSync(path, "utf8")) as { version?: string }).version ?? "unknown" }; } catch { return undefined; }
}

function copies(dir: string, plugins: readonly { readonly name: string; readonly dir: string }[]): DoctorLine[] {
  const mlstack = seenFrom(dir, "mlstack");
  const from = [{ name: "the project", dir }, ...(mlstack === undefined ? [] : [{ name: "mlstack", dir: mlstack.dir }]), ...plugins];
  const lines: DoctorLine[] = SINGLE.flatMap((name) => {
    const all = new Map<string, { readonly version: string; readonly by: string[] }>();
    for (const place of from) {
      const found = seenFrom(place.dir, name);
      if (found === undefined) continue;
      const known = all.get(found.dir) ?? { version: found.version, by: [] };
      known.by.push(place.name);
      all.set(found.dir, known);
    }
    if (all.size < 2) return [];
    return [warning("copies", `${all.size} copies of ${name}: ${[...all].map(([path, { version, by }]) => `${version} for ${by.join(", ")} (${path})`).join("; ")}`, `npm ls ${name} says who brings them; ask for one version of it`)];
  });
  if (mlstack === undefined) lines.push(warning("mlstack", "it is not among the project's packages", "npm install mlstack: pipelines import it"));
  else lines.push(ok("mlstack", mlstack.version));
  return lines;
}

async function pluginLines(plugins: PluginLoader): Promise<DoctorLine[]> {
  const all = (await plugins.list()).filter((p) => p.package.source !== "built-in");
  const lines = all.flatMap(({ package: p, broken }) => (broken === undefined ? [] : [error("plugin", `${broken.code} ${broken.message}${broken.why === undefined ? "" : `: ${broken.why}`}`, broken.fix ?? `mlstack explain ${broken.code}`)].map((line) => ({ ...line, message: line.message.includes(p.name) ? line.message : `${p.name}: ${line.message}` }))));
  const sound = all.filter((p) => p.broken === undefined).map((p) => `${p.package.name}@${p.package.version}`);
  return [...lines, ok("plugins", sound.length === 0 ? "none besides the local components" : `${count(sound.length, "plugin")}: ${sound.join(", ")}`)];
}
