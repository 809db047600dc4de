import type { Deployment, ModelDeployer } from "@mlstack/core";
import { openEngine } from "@mlstack/engine";
import { stderr, type GlobalFlags } from "../ui/output.ts";
import { activeStack, folderOf } from "./active-stack.ts";

/** Hands out the deployer of the active stack; on a stack without one that of this machine, for what was deployed here is here on every stack. */
export async function withDeployer<T>(flags: GlobalFlags, work: (deployer: ModelDeployer) => Promise<T>): Promise<T> {
  const engine = await openEngine({ from: folderOf(flags), stack: await activeStack(flags), readOnly: true });
  try {
    const { dir: projectDir, stateDir } = engine.project;
    const own = await engine.stack.component("modelDeployer");
    return await work((own ?? (await engine.plugins.create("model_deployer", "local", {}, { name: "local_deployer", projectDir, stateDir }))) as ModelDeployer);
  } finally { await engine.close(); }
}

/** Lets Ctrl-C end the waiting: what was asked of the deployment goes on. */
export async function leavable<T>(flags: GlobalFlags, work: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
  const abort = new AbortController();
  let code = 130;
  const leave = (name: NodeJS.Signals) => { code = name === "SIGINT" ? 130 : 143; abort.abort(new Error("left")); };
  process.on("SIGINT", leave);
  process.on("SIGTERM", leave);
  try { return await work(abort.signal); } catch (e) {
    if (!abort.signal.aborted) throw e;
    stderr(flags).line("left; what was asked goes on");
    process.exitCode = code;
    return undefined;
  } finally {
    process.off("SIGINT", leave);
    process.off("SIGTERM", leave);
  }
}

/** A deployment as `--json` has it. */
export function deploymentDocument({ name, id, url, protocol, version, digest, state, reason, versions }: Deployment) {
  return {
    name, id, url, protocol, version: version ?? null, digest, state, reason: reason ?? null,
    versions: versions.map((v) => ({ id: v.id, digest: v.digest, state: v.state, traffic: v.traffic, replicas: v.replicas ?? null })),
  };
}
