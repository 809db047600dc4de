import { programOf } from "./program.ts";
import type { PluginPlace } from "./plugin-package.ts";

/** What a client is told: which component of which package, and where it works. */
export interface ClientTask {
  readonly folder: string;
  readonly contract: string;
  readonly flavor: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly place: PluginPlace;
}

/** Arguments of Node for a client that opens a component as the kit does. */
export function clientProgram(task: ClientTask): readonly string[] {
  return [programOf("conformance/kit/client-main"), JSON.stringify(task)];
}
