import { MlstackError, nameList } from "@mlstack/core/errors";
import { findIntegrations } from "./find.ts";
import type { Expansion, Unknown } from "./expand.ts";
import type { Catalog } from "./schema.ts";

/** MLS8421: a name that stands for nothing, with the name that may have been meant. */
export function noSuchIntegration(catalog: Catalog, { asked, didYouMean }: Unknown): MlstackError {
  const found = findIntegrations(catalog, asked).slice(0, 3).map((i) => i.name);
  const near = didYouMean ?? (found.length === 1 ? found[0] : undefined);
  return new MlstackError("MLS8421", `there is no integration, alias or package of one called ${JSON.stringify(asked)}`, {
    why: near !== undefined ? `did you mean "${near}"?` : found.length > 1 ? `the catalog has ${nameList(found)} for that word` : "it is not in the catalog; packages of others are installed by their whole name, with their version: NAME@RANGE",
    fix: near !== undefined ? `mlstack integration install ${near}` : "mlstack integration list shows what there is",
    details: { asked, didYouMean: near ?? null },
  });
}

/** MLS8422: what was asked for is not published yet, wholly or in part. `available` is what could be installed without it. */
export function notPublishedYet(asked: readonly string[], { available, planned }: Pick<Expansion, "available" | "planned">): MlstackError {
  const names = planned.map((i) => i.name);
  return new MlstackError("MLS8422", `${nameList(names)} ${names.length === 1 ? "is" : "are"} planned and can't be installed yet`, {
    why: planned.map((i) => `${i.name} is to bring ${i.planned.map((p) => `${p.type} ${p.flavor}`).join(", ")}`).join("; "),
    fix: available.length > 0 ? `add --available, which leaves out what is only planned: ${asked.join(" ")} is ${available.map((i) => i.name).join(", ")} then` : "mlstack integration list --state available shows what can be installed",
    details: { planned: names, available: available.map((i) => i.name) },
  });
}
