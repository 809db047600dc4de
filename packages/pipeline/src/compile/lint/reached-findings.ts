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

/** Vendors' libraries, also such as are not installed, and what a step reaches that gives something else each time: chance, the clock, the network. */
export function reachedFindings(project: Project, { units, evaluations }: Retained): FindingOf[] {
  const found: FindingOf[] = [];
  const vendor = (name: string, at: string) => void found.push({
    rule: "vendor-sdk", severity: "error", message: `${name} is reached from a step: its code runs with that vendor alone`, fix: "let the stack do it: artifacts, tracker and deployer are handed to the step, data comes by dataset()", at,
  });
  for (const unit of units) {
    for (const { target, starts } of project.links.of(unit).links) {
      if (target.kind === "package" && isVendor(target.name)) vendor(target.name, unit.module.at(starts[0] ?? unit.node.start));
      // that it is not installed is not what has to be mended
      else if (target.kind === "missing" && target.isPackage && isVendor(packageOf(target.specifier))) vendor(packageOf(target.specifier), target.from.at(target.start));
    }
    for (const use of project.links.of(unit).uses) {
      const unsteady = unsteadyOf(use);
      if (unsteady !== undefined) found.push({ ...unsteady, severity: "warning", at: unit.module.at(use.start) });
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

/** `@scope/name/part` → `@scope/name`. */
const packageOf = (specifier: string): string => specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");

const RANDOM_BYTES = new Set(["randomUUID", "getRandomValues", "randomBytes", "randomInt", "randomFill", "randomFillSync"]);

/** What a use takes from chance, the clock or the network; the first result would be served from then on. */
function unsteadyOf(use: Use): Pick<FindingOf, "rule" | "message" | "fix"> | undefined {
  const served = "and the first result is served from the cache from then on";
  const chance = chanceOf(use);
  if (chance !== undefined) return { rule: "random-without-seed", message: `${chance} gives something else each time, ${served}`, fix: "take a seed as a parameter, and numbers from a generator that begins with it; or cache: false" };
  const clock = clockOf(use);
  if (clock !== undefined) return { rule: "clock", message: `${clock} gives something else each time, ${served}`, fix: "take the time as a parameter, or cache: false; for durations performance.now()" };
  if (use.of.kind === "global" && use.of.name === "fetch" && use.use === "call") return { rule: "network", message: `what fetch() gets may change, ${served}`, fix: "take the data as a dataset() or file() parameter, or cache: false" };
  return undefined;
}

/** What a use takes from the clock. Durations are measured to be told, and do not count. */
function clockOf({ of, path: [first], use, count, depth }: Use): string | undefined {
  // at the top of a module it keeps the step from being cached, which is told
  if (of.kind !== "global" || of.name !== "Date" || depth === 0) return undefined;
  if (first === "now") return use === "call" ? "Date.now()" : undefined;
  if (first !== undefined || (use !== "call" && use !== "new")) return undefined;
  return use === "call" ? "Date()" : count === 0 ? "new Date()" : undefined;
}

/** What a use takes from chance. */
function chanceOf({ of, path, use }: Use): string | undefined {
  if (use !== "call") return undefined;
  const [first = "", second = ""] = path;
  if (of.kind === "global" && of.name === "Math" && first === "random") return "Math.random()";
  if (of.kind === "global" && of.name === "crypto" && RANDOM_BYTES.has(first)) return `crypto.${first}()`;
  if (of.kind === "builtin" && of.name === "node:crypto") return RANDOM_BYTES.has(first) ? `${first}()` : first === "webcrypto" && RANDOM_BYTES.has(second) ? `webcrypto.${second}()` : undefined;
  return undefined;
}
