import type { MlstackError } from "@mlstack/core";
import type { Answer, Transport } from "../testing/tape.ts";
import { fault } from "./faults.ts";

/** A process by its number and the time it began: numbers come back, most of all after the machine was started again. */
export interface ProcessId { readonly pid: number; readonly startedAt: number }

/** What is kept of a deployment, in a file that only its owner can read: it has the supervisor's token, which no Deployment ever has. */
export interface Record_ {
  readonly name: string;
  readonly digest: string;
  readonly port: number;
  readonly token: string;
  /** Null when it is stopped, or not yet started. */
  readonly process: ProcessId | null;
}

/** What the supervisor tells of itself; it speaks on loopback to who knows the token. */
export interface Supervised { readonly versions: readonly { readonly key: string; readonly digest: string; readonly state: "pending" | "ready" | "draining" | "failed"; readonly traffic: number; readonly replicas: number; readonly log?: string }[] }

/** The machine, as requests: files (`file:`), processes (`process:`) and ports, so that a recording can play them. */
export function localHost(send: Transport, folder: string) {
  const file = (name: string, end = "json") => `file:${folder}/${name}.${end}`;
  const start = async (command: readonly string[], deployment: Record_): Promise<ProcessId> => {
    // Detached, in a session of its own, its output in a file: it outlives the client and its terminal.
    const answer = await send({ method: "SPAWN", url: "process:", body: { command, detached: true, log: `${folder}/${deployment.name}.log` } });
    // Somebody took the port while nobody of ours held it.
    if (answer.status === 409) throw fault("conflict", `port ${deployment.port} is taken by another program`);
    return answer.body as ProcessId;
  };
  const self = { method: "GET", url: "process:self" };

  return {
    async read(name: string): Promise<Record_ | undefined> {
      const answer = await send({ method: "GET", url: file(name) });
      return answer.status === 404 ? undefined : answer.body as Record_;
    },
    /** Whole or not at all, mode 0600. */
    write: async (record: Record_): Promise<Answer> => await send({ method: "PUT", url: file(record.name), body: record }),
    remove: async (name: string): Promise<Answer> => await send({ method: "DELETE", url: file(name) }),
    names: async (): Promise<string[]> => (await send({ method: "LIST", url: `file:${folder}` })).body as string[],
    freePort: async (): Promise<number> => (await send({ method: "GET", url: "port:free" })).body as number,
    supervise: async (r: Record_): Promise<ProcessId> => await start(["mlstack", "serve", r.name, "--port", String(r.port)], r),
    async runs({ pid, startedAt }: ProcessId): Promise<boolean> {
      const answer = await send({ method: "GET", url: `process:${pid}` });
      return answer.status === 200 && (answer.body as { startedAt: number }).startedAt === startedAt;
    },
    kill: async ({ pid }: ProcessId): Promise<Answer> => await send({ method: "KILL", url: `process:${pid}` }),

    async lock(name: string): Promise<boolean> {
      const me = (await send(self)).body as ProcessId;
      for (let attempt = 1; ; attempt++) {
        const created = await send({ method: "CREATE", url: file(name, "lock"), body: me });
        if (created.status === 201) return true;
        const holder = created.body as ProcessId;
        if (attempt === 2 || (await this.runs(holder))) return false;
        // Taken away only if it is still that holder's, so that two who find it left over do not both get in.
        await send({ method: "DELETE", url: file(name, "lock"), body: holder });
      }
    },
    unlock: async (name: string): Promise<Answer> => await send({ method: "DELETE", url: file(name, "lock") }),
  };
}

/** What a refused prediction means. */
export function inferFault(name: string, { status, body }: Answer): MlstackError {
  const message = (body as { error?: string } | undefined)?.error ?? "";
  const reason = ({ 400: "invalid", 404: "not-found", 413: "too-large", 429: "overloaded", 503: "not-ready" } as const)[status] ?? "failed";
  return fault(reason, `${name}: ${message}`);
}
