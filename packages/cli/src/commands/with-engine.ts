import { openEngine, type Engine } from "@mlstack/engine";
import { activeStack, folderOf, stackForReading } from "./active-stack.ts";
import type { GlobalFlags } from "../ui/output.ts";

type Open = (flags: GlobalFlags, readOnly: boolean) => Promise<Engine>;

const openToLook: Open = async (flags, readOnly) => openEngine({ from: folderOf(flags), stack: await stackForReading(flags), readOnly });

/** For a command that is about the stack's own store: a variable that names no stack is an error here. */
export const openForStore = async (flags: GlobalFlags, readOnly = false): Promise<Engine> => openEngine({ from: folderOf(flags), stack: await activeStack(flags), readOnly });

/** Opens the project's engine for a command that works on a run that is there. */
export async function withEngine<T>(flags: GlobalFlags, work: (engine: Engine) => Promise<T>, open: Open = openToLook): Promise<T> {
  const engine = await open(flags, false);
  try { return await work(engine); } finally { await engine.close(); }
}

/** The same for a command that only looks: also where the project can't be written to. */
export async function withReader<T>(flags: GlobalFlags, work: (engine: Engine) => Promise<T>, open: Open = openToLook): Promise<T> {
  const engine = await open(flags, true);
  try { return await work(engine); } finally { await engine.close(); }
}
