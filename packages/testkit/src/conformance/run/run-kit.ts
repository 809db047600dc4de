import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deserializeError, type SerializedError } from "@mlstack/core";
import { seedFrom } from "../kit/seed.ts";
import { readPlugin } from "../kit/plugin-package.ts";
import { startKitProcess } from "./kit-process.ts";
import { Ledger } from "./ledger.ts";
import type { FromKit, KitTask } from "./messages.ts";
import type { KitEvent, KitReport } from "./report.ts";

export interface KitOptions {
  /** Of the plugin's package. */
  readonly folder: string;
  /** Only components of this type or contract: `artifact_store`, or `artifact_store@1`. */
  readonly contract?: string | undefined;
  /** Only this flavor. */
  readonly flavor?: string | undefined;
  /** Only cases with these ids. */
  readonly cases?: readonly string[] | undefined;
  /** Whether what the plugin reaches for is compared with its manifest; true by default. */
  readonly watch?: boolean | undefined;
  /** Of what is random in targets and cases; by default `MLSTACK_SEED`, or another one each time. */
  readonly seed?: number | undefined;
  /** Ends the run in order: the case that is going on is given up, and what its target has started is stopped. */
  readonly signal?: AbortSignal | undefined;
  onEvent?(event: KitEvent): void;
}

/** What a process may take to load the plugin and its `conformance.ts`, in milliseconds. */
const LOAD_MS = 120_000;

/**
 * Runs a package's `conformance.ts` in a process of its own: what the plugin does to its process does not reach this one. A process that ends in the middle of a case has
 * failed that case, and another one goes on with the next.
 *
 * @returns the report, also where cases failed
 * @throws MLS8701 the folder has no plugin; MLS8702 no `conformance.ts`, or one that can't be used; MLS8703 nothing of that name; MLS2001 a manifest of another form
 */
export async function runKit({ folder, contract, flavor, cases, watch = true, seed = seedFrom(process.env), signal, onEvent }: KitOptions): Promise<KitReport> {
  const plugin = await readPlugin(folder);
  const tempDir = await realpath(await mkdtemp(join(tmpdir(), "mlstack-kit-")));
  const ledger = new Ledger({ watched: watch, seed, tell: (event) => onEvent?.(event) });
  const task: Omit<KitTask, "done"> = { folder: plugin.package.dir, contract, flavor, cases, watch, seed };
  try {
    for (let more = true; more;) {
      signal?.throwIfAborted();
      more = await runProcess({ ...task, done: ledger.done() }, { tempDir, ledger, signal, onEvent });
    }
  } catch (e) {
    if (signal?.aborted !== true || e !== signal.reason) throw e;
  } finally { await rm(tempDir, { recursive: true, force: true, maxRetries: 3 }); }
  return ledger.report({ interrupted: signal?.aborted === true });
}

interface ProcessRun { readonly tempDir: string; readonly ledger: Ledger; readonly signal: AbortSignal | undefined; readonly onEvent: KitOptions["onEvent"] }

/** Whether there is something left to do for another process. */
async function runProcess(task: KitTask, { tempDir, ledger, signal, onEvent }: ProcessRun): Promise<boolean> {
  let refused: unknown;
  let isOver = false;
  let timer: NodeJS.Timeout | undefined;
  const within = (ms: number, what: string) => {
    clearTimeout(timer);
    timer = setTimeout(() => { kit.kill(`${what} has held up its process for more than ${Math.round(ms / 1000)} s`); }, ms);
  };
  const said = (message: FromKit): void => {
    if (message.type === "refused") refused = message.error;
    else if (message.type === "end") isOver = true;
    else ledger.take(message);
    const { limitMs = 0 } = "target" in message && message.target !== undefined ? ledger.target(message.target) : {};
    // the process has limits of its own: these are for one that can't keep them
    if (message.type === "case") within(2 * limitMs + 10_000, "the case");
    else if (message.type === "starting" || message.type === "stopping") within(2 * limitMs + 10_000, "the target");
    else if (message.type !== "access") within(LOAD_MS, "the plugin");
  };
  const interrupt = () => { kit.stop(); within(30_000, "what was interrupted"); };
  const kit = startKitProcess(task, { tempDir, said, printed: (text) => onEvent?.({ type: "output", text }) });
  within(LOAD_MS, "importing the plugin and its conformance.ts");
  signal?.addEventListener("abort", interrupt, { once: true });
  let how: string;
  try { ({ how } = await kit.gone); } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", interrupt);
  }
  if (refused !== undefined) throw deserializeError(refused as SerializedError);
  if (isOver || signal?.aborted === true) return false;
  return ledger.gone(how);
}
