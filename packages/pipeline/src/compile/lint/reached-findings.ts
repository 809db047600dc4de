import type { Use } from "../links.ts";
import type { Unit } from "../model.ts";
import type { Project } from "../project.ts";
import type { Retained } from "../retain.ts";
import type { FindingOf } from "./finding.ts";

/** Client libraries of clouds and services. What they do is what a stack's components are for. */
const VENDORS = [
  /^@google-cloud\//, /^googleapis$/, /^@googleapis\//, /^@aws-sdk\//, /^aws-sdk$/, /^@smithy\//, /^@azure\//, /^azure-/, /^minio$/, /^@databricks\//, /^@kubernetes\/client-node$/,
  /^mlflow(?:$|-)/, /^@mlflow\//, /^@wandb\//, /^wandb$/, /^comet-ml$/, /^@neptune-ai\//, /^clearml/, /^@huggingface\/(?:hub|inference)$/,
];

export const isVendor = (name: string): boolean => VENDORS.some((v) => v.test(name));

/** Vendors' libraries, and chance, that a step reaches. */
export function reachedFindings(project: Project, { units, evaluations }: Retained): FindingOf[] {
  const found: FindingOf[] = [];
  const vendor = (name: string, at: string) => void found.push({
    rule: "vendor-sdk", severity: "error", message: `${name} is reached from a step: its code runs with that vendor alone`, fix: "let the stack do it: artifacts, tracker and deployer are handed to the step, data comes by dataset()", at,
  });
  for (const unit of units) {
    for (const { target, starts } of project.links.of(unit).links) if (target.kind === "package" && isVendor(target.name)) vendor(target.name, unit.module.at(starts[0] ?? unit.node.start));
    for (const use of project.links.of(unit).uses) {
      const what = chanceOf(use);
      if (what !== undefined) found.push(chance(what, use, unit));
    }
  }
  // imports for their effects alone
  for (const { items } of evaluations) {
    for (const item of items) if ("bare" in item && item.bare.kind === "package" && isVendor(item.bare.name)) vendor(item.bare.name, importOf(item.bare));
  }
  return found;
}

function importOf({ from, specifier }: { readonly from: Unit["module"]; readonly specifier: string }): string {
  return from.at(from.requests.find((r) => r.specifier === specifier)?.start ?? 0);
}

const RANDOM_BYTES = new Set(["randomUUID", "getRandomValues", "randomBytes", "randomInt", "randomFill", "randomFillSync"]);

/** What a use takes from chance. */
function chanceOf({ of, path, use }: Use): string | undefined {
  if (use !== "call") return undefined;
  const [first = "", second = ""] = path;
  if (of.kind === "global" && of.name === "Math" && first === "random") return "Math.random()";
  if (of.kind === "global" && of.name === "crypto" && RANDOM_BYTES.has(first)) return `crypto.${first}()`;
  if (of.kind === "builtin" && of.name === "node:crypto") return RANDOM_BYTES.has(first) ? `${first}()` : first === "webcrypto" && RANDOM_BYTES.has(second) ? `webcrypto.${second}()` : undefined;
  return undefined;
}

const chance = (what: string, { start }: Use, unit: Unit): FindingOf => ({
  rule: "random-without-seed", severity: "warning", message: `${what} gives something else each time, and the first result is served from the cache from then on`, fix: "take a seed as a parameter, and numbers from a generator that begins with it; or cache: false", at: unit.module.at(start),
});
