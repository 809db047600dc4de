import { request } from "node:http";
import type { DeploymentRecord } from "./records.ts";

/** No whole answer came. */
export class NoAnswer extends Error {
  /** Whether the request may have been seen. */
  readonly sent: boolean;
  constructor(sent: boolean, cause: unknown) {
    super(sent ? "the connection broke before the answer was here" : "nobody listens there", { cause });
    this.sent = sent;
  }
}

export interface Answer { readonly status: number; readonly body: unknown }

/**
 * Asks a deployment's process, on a connection of its own: one that was kept open may be closed by a process that ends, and then nobody knows whether the
 * request was seen.
 *
 * @throws NoAnswer; the signal's reason
 */
export async function ask({ port, token }: DeploymentRecord, method: string, path: string, body: unknown, signal: AbortSignal | undefined): Promise<Answer> {
  signal?.throwIfAborted();
  return new Promise((done, fail) => {
    let isConnected = false;
    const lost = (cause: unknown): void => { fail(signal?.aborted === true ? (signal.reason as Error) : new NoAnswer(isConnected, cause)); };
    const sent = request({ host: "127.0.0.1", port, method, path, agent: false, headers: { authorization: `Bearer ${token}`, "content-type": "application/json" }, ...(signal !== undefined && { signal }) }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => { parts.push(part); }).on("error", lost).on("end", () => {
        try { done({ status: response.statusCode ?? 0, body: JSON.parse(Buffer.concat(parts).toString("utf8")) as unknown }); } catch (e) { lost(e); }
      });
    });
    sent.on("socket", (socket) => { socket.once("connect", () => { isConnected = true; }); });
    sent.on("error", lost);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
