import { contractRegistry } from "../../packages/core/dist/index.js";
import { SUITES, type Suite } from "./suites.ts";

/** Contracts of core that say that they are stable or not, and are not what the rule makes of them: stable once the suite is run on two flavors. */
export function wrongStability(suites: readonly Suite[] = SUITES): readonly string[] {
  return [...contractRegistry().values()].flatMap(({ type, accepts, stability }) => {
    const flavors = new Set(suites.filter(({ contract }) => contract === `${type}@${accepts.at(-1)}`).map(({ flavor }) => flavor));
    return (stability === "stable") === flavors.size > 1 ? [] : [`${type}@${accepts.at(-1)} is ${stability}, and its suite is run on ${flavors.size === 0 ? "no flavor" : [...flavors].join(", ")}`];
  });
}
