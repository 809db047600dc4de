import { MlstackError } from "@mlstack/core/errors";
import type { Lock } from "../lock/lock.ts";
import { permissionsBeyond } from "../lock/manifest-facts.ts";
import { versionOf, type ChangePlan } from "./change-plan.ts";
import type { Impact } from "./impact.ts";
import type { SavedComponent } from "./saved-components.ts";

/** An integration that would be able to reach more than was agreed to. */
export interface Widening {
  readonly name: string;
  readonly version: string;
  /** Such as `hosts: example.com`. */
  readonly permissions: readonly string[];
}

/** What a plan widens of what was agreed to before. A first installation shows what it may reach, and asks as a whole. */
export function widenings({ changes }: Pick<ChangePlan, "changes">): readonly Widening[] {
  return changes.filter(({ kind, widened }) => kind === "change" && widened.length > 0).map(({ name, target, widened }) => ({ name, version: versionOf(target!), permissions: widened }));
}

/** What a lock that is written anew widens; what was in none before is agreed to as a whole. */
export function lockWidenings(before: Lock | undefined, after: Lock): readonly Widening[] {
  return Object.entries(after.plugins).flatMap(([name, { version, capabilities }]): Widening[] => {
    const was = before?.plugins[name];
    const permissions = was === undefined ? [] : permissionsBeyond(was.capabilities, capabilities);
    return permissions.length === 0 ? [] : [{ name, version, permissions }];
  }).toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** Such as `x@1.1.0 may reach hosts: example.com, and could not before`. */
export const wideningText = ({ name, version, permissions }: Widening): string => `${name}@${version} may reach ${permissions.join(", ")}, and could not before`;

/**
 * Stops where nobody is asked, and an integration that is there would be able to reach more.
 *
 * @param allowed packages whose permissions may be wider
 * @throws MLS8409
 */
export function refuseWidened(found: readonly Widening[], allowed: readonly string[]): void {
  const open = found.filter(({ name }) => !allowed.includes(name));
  if (open.length === 0) return;
  throw new MlstackError("MLS8409", open.map(wideningText).join("; "), {
    why: "that was not agreed to when it was installed, and nobody is asked", fix: `look at it, then add ${open.map(({ name }) => `--allow-permissions ${name}`).join(" ")}`,
    details: { widened: open.map(({ name, permissions }) => ({ package: name, permissions: [...permissions] })) },
  });
}

/**
 * Stops where configurations of the project would be refused that are not now.
 *
 * @param allowed packages whose configurations are mended afterwards
 * @throws MLS8408
 */
export function refuseInvalidConfig(impacts: readonly Impact[], allowed: readonly string[]): void {
  const open = impacts.filter(({ name }) => !allowed.includes(name)).flatMap(({ name, refused }) => refused.filter(({ already }) => !already).map((one) => ({ package: name, ...one })));
  const [first] = open;
  if (first === undefined) return;
  const packages = [...new Set(open.map((o) => o.package))];
  throw new MlstackError("MLS8408", open.map(({ component, error }) => `${placeOf(component)}: ${error.message}`).join("; "), {
    why: `${packages.join(", ")} could not be used as this project's files have ${open.length === 1 ? "it" : "them"}`,
    fix: `${first.error.fix ?? "correct it"} in ${first.component.file}, or mend it afterwards: ${packages.map((name) => `--allow-invalid-config ${name}`).join(" ")}`,
    details: { refused: open.map(({ component, error, ...o }) => ({ package: o.package, type: component.type, component: component.name, file: component.file, line: component.line, code: error.code, reason: error.message })) },
  });
}

/**
 * Stops where an integration is removed that components of the project are made by.
 *
 * @param allowed packages that are removed all the same
 * @throws MLS8410
 */
export function refuseInUse(plan: Pick<ChangePlan, "changes">, impacts: readonly Impact[], allowed: readonly string[]): void {
  const removed = new Set(plan.changes.filter(({ kind }) => kind === "remove").map(({ name }) => name));
  const open = impacts.filter(({ name, users }) => removed.has(name) && users.length > 0 && !allowed.includes(name));
  if (open.length === 0) return;
  throw new MlstackError("MLS8410", open.map(({ name, users }) => `${name} is used: ${users.map(inWords).join("; ")}`).join("; "), {
    why: "no other integration that is installed offers these flavors", fix: `mlstack component delete, or give them another flavor; to remove it all the same: ${open.map(({ name }) => `--allow-in-use ${name}`).join(" ")}`,
    details: { used: open.flatMap(({ name, users }) => users.map((c) => ({ package: name, type: c.type, component: c.name, file: c.file, line: c.line, stacks: [...c.stacks] }))) },
  });
}

const placeOf = ({ file, line }: SavedComponent): string => `${file}, line ${line}`;

/** Such as `the artifact_store "main" (stacks/prod.yaml, line 3, in the stack prod)`. */
function inWords(component: SavedComponent): string {
  const { type, name, stacks } = component;
  return `the ${type} "${name}" (${placeOf(component)}${stacks.length === 0 ? "" : `, in the ${stacks.length === 1 ? "stack" : "stacks"} ${stacks.join(", ")}`})`;
}
