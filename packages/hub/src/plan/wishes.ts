import { MlstackError } from "@mlstack/core/errors";
import { expand } from "../catalog/expand.ts";
import { noSuchIntegration, notPublishedYet } from "../catalog/refusals.ts";
import type { Integration } from "../catalog/schema.ts";
import { parseSpec, specText, type Wanted } from "../resolve/spec.ts";
import type { PlanContext } from "./context.ts";

/** A package that somebody wants. */
export interface Wish {
  readonly name: string;
  readonly wanted: Wanted;
}

/** What somebody has asked for, understood. */
export interface Wishes {
  /** Each package once, in the order in which they were asked for. */
  readonly packages: readonly Wish[];
  /** Absolute paths of tarballs. */
  readonly tarballs: readonly string[];
  /** Absolute paths of folders. */
  readonly folders: readonly string[];
  /** Names in the catalog. */
  readonly builtIn: readonly string[];
  readonly planned: readonly string[];
}

/**
 * Understands what was typed: names of the catalog, aliases, packages, each with a range where that is wanted, tarballs and folders.
 *
 * A package that the catalog does not have is taken by its scope, or where a version stands behind it: a bare word that nobody knows is a slip, or the
 * name of somebody who waits for it.
 *
 * @param options.available leaves out what is only planned
 * @throws MLS8401, MLS8421, MLS8422
 */
export async function understand(specs: readonly string[], context: Pick<PlanContext, "catalog" | "cwd">, { available = false }: { readonly available?: boolean | undefined } = {}): Promise<Wishes> {
  const { catalog, cwd } = context;
  const wishes = new Map<string, Wish>();
  const [tarballs, folders] = [new Set<string>(), new Set<string>()];
  const [builtIn, planned, ready] = [new Set<string>(), new Map<string, Integration>(), new Map<string, Integration & { readonly package: string }>()];
  const wish = (name: string, wanted: Wanted, text: string): void => {
    const before = wishes.get(name);
    if (before !== undefined && JSON.stringify(before.wanted) !== JSON.stringify(wanted) && wanted.kind !== "any" && before.wanted.kind !== "any") {
      throw new MlstackError("MLS8401", `${name} is asked for twice, in different versions`, { why: `once as ${specText({ kind: "registry", ...before })}, once as ${text}`, fix: "name it once", details: { package: name } });
    }
    if (before === undefined || before.wanted.kind === "any") wishes.set(name, { name, wanted });
  };
  for (const text of specs) {
    const spec = await parseSpec(text, cwd);
    if (spec.kind === "tarball") { tarballs.add(spec.path); continue; }
    if (spec.kind === "workspace") { folders.add(spec.path); continue; }
    const found = expand(catalog, spec.name);
    if ("unknown" in found) {
      const meant = spec.wanted.kind !== "any" || (spec.name.startsWith("@") && found.didYouMean === undefined);
      if (!meant) throw noSuchIntegration(catalog, { ...found, asked: spec.name });
      wish(spec.name, spec.wanted, text);
      continue;
    }
    if (spec.wanted.kind !== "any" && found.available.length > 1) throw new MlstackError("MLS8401", `"${text}" stands for ${found.available.length} integrations, and the version can be that of one only`, { why: `${spec.name} is ${found.available.map((i) => i.name).join(", ")}`, fix: `name the one that is meant: ${found.available[0]!.name}@VERSION`, details: { spec: text } });
    for (const one of found.available) {
      ready.set(one.name, one);
      wish(one.package, spec.wanted, text);
    }
    for (const one of found.builtIn) builtIn.add(one.name);
    for (const one of found.planned) planned.set(one.name, one);
  }
  if (planned.size > 0 && !available) throw notPublishedYet(specs, { available: [...ready.values()], planned: [...planned.values()] });
  return { packages: [...wishes.values()], tarballs: [...tarballs], folders: [...folders], builtIn: [...builtIn], planned: [...planned.keys()] };
}
