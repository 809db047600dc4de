import { openEngine, type Engine } from "@mlstack/engine";
import { activeStack } from "./active-stack.ts";
import type { GlobalFlags } from "../ui/output.ts";

/** Opens the project's engine for one command. */
export async function withEngine<T>(flags: GlobalFlags, work: (engine: Engine) => Promise<T>): Promise<T> {
  const engine = await openEngine({ from: flags.cwd, stack: await activeStack(flags) });
  try { return await work(engine); } finally { await engine.close(); }
}
