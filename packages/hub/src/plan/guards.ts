import { MlstackError } from "@mlstack/core/errors";
import { versionOf, type ChangePlan, type PluginChange } from "./change-plan.ts";
import type { Impact } from "./impact.ts";
import type { SavedComponent } from "./saved-components.ts";

/** The changes of what was agreed to before by which an integration may reach more. A first installation shows what it may reach, and asks as a whole. */
export function widenings({ changes }: Pick<ChangePlan, "changes">): readonly PluginChange[] {
  return changes.filter(({ kind, widened }) => kind === "change" && widened.length > 0);
}

/**
 * Stops where nobody is asked, and an integration that is there would be able to reach more.
 *
 * @param allowed packages whose permissions may be wider
 * @throws MLS8409
 */
export function refuseWidened(plan: Pick<ChangePlan, "changes">, allowed: readonly string[]): void {
  const open = widenings(plan).filter(({ name }) => !allowed.includes(name));
  if (open.length === 0) return;
  const each = open.map(({ name, target, widened }) => `${name}@${versionOf(target!)} may reach ${widened.join(", ")}, and could not before`);
  throw new MlstackError("MLS8409", each.join("; "), {
    why: "that was not agreed to when it was installed, and --yes agrees to the change, not to that", fix: `look at it, then add ${open.map(({ name }) => `--allow-permissions ${name}`).join(" ")}`,
    details: { widened: open.map(({ name, widened }) => ({ package: name, permissions: [...widened] })) },
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
export function inWords(component: SavedComponent): string {
  const { type, name, stacks } = component;
  return `the ${type} "${name}" (${placeOf(component)}${stacks.length === 0 ? "" : `, in the ${stacks.length === 1 ? "stack" : "stacks"} ${stacks.join(", ")}`})`;
}
