import { openEngine, type Engine } from "@mlstack/engine";
import { folderOf, stackForReading } from "./active-stack.ts";
import type { GlobalFlags } from "../ui/output.ts";

/** Opens the project's engine for a command that works on a run that is there. */
export async function withEngine<T>(flags: GlobalFlags, work: (engine: Engine) => Promise<T>): Promise<T> {
  const engine = await openEngine({ from: folderOf(flags), stack: await stackForReading(flags) });
  try { return await work(engine); } finally { await engine.close(); }
}

/** The same for a command that only looks: also where the project can't be written to. */
export async function withReader<T>(flags: GlobalFlags, work: (engine: Engine) => Promise<T>): Promise<T> {
  const engine = await openEngine({ from: folderOf(flags), stack: await stackForReading(flags), readOnly: true });
  try { return await work(engine); } finally { await engine.close(); }
}
