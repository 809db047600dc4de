import { Option, type Command } from "commander";

/** Types of components that have a flag of their own, as stacks are registered with, and its short form. A test compares them with core's. */
export const COMPONENT_TYPES: Readonly<Record<string, string | undefined>> = {
  artifact_store: "-a", orchestrator: "-o", experiment_tracker: "-e", model_deployer: "-d", container_registry: "-c",
  step_operator: undefined, model_registry: undefined, image_builder: undefined, feature_store: undefined, data_validator: undefined, alerter: undefined, secret_store: undefined,
};

/** `--artifact-store NAME` and its like, and `--component TYPE=NAME` for types that plugins bring. */
export function componentFlags(command: Command, collect: (value: string, before?: string[]) => string[]): Command {
  for (const [type, short] of Object.entries(COMPONENT_TYPES)) {
    command.addOption(new Option(`${short === undefined ? "" : `${short}, `}--${type.replaceAll("_", "-")} <name>`, `name of its ${type.replaceAll("_", " ")}`));
  }
  return command.option("--component <type=name>", "name of a component of another type; may be given again", collect);
}

/** The components that a command line names, by type: flags as the parser gives them, `modelDeployer` for `--model-deployer`. */
export function partsOf(flags: Readonly<Record<string, unknown>>): { readonly parts: Map<string, string>; readonly malformed: string | undefined } {
  const parts = new Map<string, string>();
  for (const type of Object.keys(COMPONENT_TYPES)) {
    const name = flags[type.replace(/_([a-z])/g, (_, c: string) => c.toUpperCase())];
    if (typeof name === "string") parts.set(type, name);
  }
  let malformed: string | undefined;
  for (const pair of (flags["component"] as readonly string[] | undefined) ?? []) {
    const at = pair.indexOf("=");
    if (at < 1 || at === pair.length - 1) malformed ??= pair; else parts.set(pair.slice(0, at), pair.slice(at + 1));
  }
  return { parts, malformed };
}
