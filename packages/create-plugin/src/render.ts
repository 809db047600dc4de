import type { PluginPlan } from "./create-plugin.ts";
import { substitute } from "./substitute.ts";
import { baseFiles, filesOfType, licenseText, ownPackage, type Files } from "./templates.ts";

type Json = Readonly<Record<string, unknown>>;

/** Tools that a plugin is made with; all else in the devDependencies of this package is not for plugins. */
const TOOLS = ["@mlstack/core", "@mlstack/testkit", "@types/node", "mlstack", "oxlint", "publint", "typescript", "vitest"];
/** In the order in which a package.json is read. */
const ORDER = ["name", "version", "description", "keywords", "author", "license", "repository", "type", "sideEffects", "engines", "exports", "files", "publishConfig", "scripts", "dependencies", "peerDependencies", "peerDependenciesMeta", "devDependencies", "mlstack"];

/** The files of a plugin, by their paths in it. */
export function renderPlugin(plan: PluginPlan): Files {
  const { type, license = "Apache-2.0", author = `the authors of ${plan.package}`, year = new Date().getFullYear() } = plan;
  const names = { flavor: plan.flavor, package: plan.package, componentType: type === "component_type" ? plan.componentType : undefined };
  const [base, own] = [baseFiles(), filesOfType(type)];
  const part = JSON.parse(own.get("package.json") ?? "{}") as Json;
  const files = new Map<string, string>();
  for (const [path, text] of [...base, ...own]) if (path !== "package.json" && path !== "readme.md") files.set(path, substitute(text, names));
  files.set("package.json", `${JSON.stringify(packageJson(JSON.parse(substitute(base.get("package.json") ?? "{}", names)) as Json, JSON.parse(substitute(JSON.stringify(part), names)) as Json, plan), null, 2)}\n`);
  const readme = (base.get("README.md") ?? "").replace("{{description}}", () => String(part["description"])).replace("{{readme}}", () => (own.get("readme.md") ?? "").trim());
  files.set("README.md", substitute(readme, names).replace("{{license}}", license));
  files.set("LICENSE", (licenseText(license) ?? "").replace("{{year}}", String(year)).replace("{{author}}", () => author));
  return files;
}

function packageJson(base: Json, part: Json, { author, license = "Apache-2.0", repository }: PluginPlan): Json {
  const { devDependencies: known, engines } = ownPackage();
  const core = peerRange(known["@mlstack/core"] ?? "");
  const peers = { "@mlstack/core": core, ...(record(part["peerDependencies"])["@mlstack/testkit"] !== undefined && { "@mlstack/testkit": peerRange(known["@mlstack/testkit"] ?? "") }) };
  const merged: Json = {
    ...base, ...part, license, engines,
    keywords: [...(base["keywords"] as readonly string[]), ...((part["keywords"] ?? []) as readonly string[])],
    exports: { ...pick(base["exports"], "."), ...record(part["exports"]), ...pick(base["exports"], "./package.json") },
    ...(author !== undefined && { author }),
    ...(repository !== undefined && { repository: { type: "git", url: repository } }),
    dependencies: { zod: known["zod"] },
    peerDependencies: peers,
    devDependencies: Object.fromEntries(TOOLS.map((name) => [name, known[name]])),
    mlstack: { ...record(part["mlstack"]), core },
  };
  // the manifest's own fields are in the order in which it is written
  const { manifestVersion, entry, ...rest } = merged["mlstack"] as Json;
  const { core: _, ...after } = rest;
  const ordered: Json = { ...merged, mlstack: { manifestVersion, entry, core, ...after } };
  return Object.fromEntries(ORDER.filter((key) => ordered[key] !== undefined).map((key) => [key, ordered[key]]));
}

/** The range of a peer: from the version that a plugin is made with to the next major one. `^0.1.0` → `>=0.1.0 <1`. */
function peerRange(range: string): string {
  const version = range.replace(/^\^/, "");
  return `>=${version} <${Number(version.split(".")[0]) + 1}`;
}

const record = (value: unknown): Json => (typeof value === "object" && value !== null ? (value as Json) : {});
const pick = (value: unknown, key: string): Json => ({ [key]: record(value)[key] });
