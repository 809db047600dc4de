import { MlstackError, type CallOptions, type CheckFinding } from "@mlstack/core";
import type { MlflowClient } from "../rest/client.ts";

/** Looks at the server: reach, version, credentials, whether it serves files. */
export async function check(client: MlflowClient, options: CallOptions): Promise<readonly CheckFinding[]> {
  const look = async (name: string, work: () => Promise<string>): Promise<CheckFinding> => {
    const start = performance.now();
    const found = (ok: boolean, message: string): CheckFinding => ({ name, ok, message, ms: Math.round(performance.now() - start) });
    try { return found(true, await work()); } catch (e) {
      options.signal?.throwIfAborted();
      return found(false, MlstackError.is(e) ? [e.message, e.fix].filter((t) => t !== undefined).join("; ") : String(e));
    }
  };
  const access = await look("server reachable, credentials accepted", async () => { await client.probe(options); return client.server; });
  if (!access.ok) return [access];
  return [
    access,
    await look("version", async () => {
      const version = await client.version(options).catch(() => undefined);
      const major = Number(/^(\d+)\.\d+/.exec(version ?? "")?.[1]);
      if (version === undefined || Number.isNaN(major)) return "it does not say, as some hosted servers";
      if (major < 2) throw new MlstackError("MLS6003", `this is MLflow ${version}`, { fix: "use MLflow 2.22 or newer" });
      return `MLflow ${version}${major > 3 ? ", which is newer than those this plugin was tested with" : ""}`;
    }),
    await look("files", async () => { await client.listArtifacts("", options); return "files are stored through the server"; }),
  ];
}
