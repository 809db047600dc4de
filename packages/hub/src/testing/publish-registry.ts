import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

interface Document { versions: Record<string, { dist: Record<string, unknown> }>; "dist-tags": Record<string, string>; time: Record<string, string>; _attachments?: unknown }

/** A registry that takes what is published. */
export interface PublishRegistry {
  /** With a slash at its end. */
  readonly url: string;
  /** What is known of a package, as it is shown. */
  document(name: string): Document | undefined;
  /** Takes a version back: its name stays taken. */
  unpublish(name: string, version: string): void;
  /** What it answers to the next publishing instead of taking it. */
  refuse(status: number, error: string): void;
  /** Changes what is shown of a version from now on; undefined hides it. */
  show(change: (dist: Record<string, unknown>) => Record<string, unknown> | undefined): void;
  stop(): Promise<void>;
}

/** @param token is wanted of whoever publishes */
export async function publishRegistry({ token }: { readonly token: string }): Promise<PublishRegistry> {
  const documents = new Map<string, Document>();
  let refusal: { readonly status: number; readonly error: string } | undefined;
  let shown: (dist: Record<string, unknown>) => Record<string, unknown> | undefined = (dist) => dist;
  const server = createServer((request, response) => {
    const name = decodeURIComponent((request.url ?? "").slice(1).split("?")[0]!);
    const answer = (status: number, body: unknown): void => { response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body)); };
    if (request.method === "GET") {
      const known = documents.get(name);
      if (known === undefined) { answer(404, { error: "not found" }); return; }
      const versions = Object.entries(known.versions).flatMap(([version, json]) => { const dist = shown(json.dist); return dist === undefined ? [] : [[version, { ...json, dist }]]; });
      answer(200, { ...known, versions: Object.fromEntries(versions) });
      return;
    }
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => { body += text; }).on("end", () => {
      if (request.headers.authorization !== `Bearer ${token}`) { answer(request.headers.authorization === undefined ? 401 : 403, { error: "not yours" }); return; }
      if (refusal !== undefined) { answer(refusal.status, { error: refusal.error }); refusal = undefined; return; }
      const { _attachments, ...sent } = JSON.parse(body) as Document;
      const known = documents.get(name) ?? { versions: {}, "dist-tags": {}, time: {} };
      for (const version of Object.keys(sent.versions)) known.time[version] = "2026-01-01T00:00:00.000Z";
      documents.set(name, { ...sent, time: known.time, versions: { ...known.versions, ...sent.versions }, "dist-tags": { ...known["dist-tags"], ...sent["dist-tags"] } });
      answer(201, { ok: true });
    });
  });
  await new Promise<void>((done) => { server.listen(0, "127.0.0.1", done); });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    document: (name) => documents.get(name),
    unpublish(name, version) { delete documents.get(name)!.versions[version]; },
    refuse(status, error) { refusal = { status, error }; },
    show(change) { shown = change; },
    stop: () => new Promise((done) => { server.close(() => { done(); }); server.closeAllConnections(); }),
  };
}
