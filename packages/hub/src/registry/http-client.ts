// Packages that read this one as source have no tsconfig that would include it.
// oxlint-disable-next-line typescript/triple-slash-reference
/// <reference path="./npm-libraries.d.ts" />
import { MlstackError } from "@mlstack/core/errors";
import { registryFault, type Asked } from "./faults.ts";
import type { NpmSettings } from "./npm-settings.ts";

interface HttpAnswer {
  readonly status: number;
  readonly etag: string | undefined;
  readonly body: Uint8Array;
}

export interface HttpClient {
  /** @throws MLS8101, MLS8102, MLS8103, MLS8104; MLS4003 where the signal has ended it */
  get(asked: Asked, options: { readonly name: string; readonly headers: Readonly<Record<string, string>> }): Promise<HttpAnswer>;
}

/** npm's own client: credentials go to the registry that they are for, and nowhere else; proxies, certificates and tries as npm's settings say. */
export async function httpClient({ options }: NpmSettings, signal: AbortSignal | undefined): Promise<HttpClient> {
  const { default: fetch } = await import("npm-registry-fetch");
  const { retries = 2 } = options["retry"] as { readonly retries?: number };

  async function once(url: string, name: string, headers: Readonly<Record<string, string>>): Promise<HttpAnswer> {
    const answer = await fetch(url, { ...options, spec: name, headers, signal });
    const body = await answer.buffer();
    const announced = answer.headers.get("content-length");
    if (announced !== null && answer.headers.get("content-encoding") === null && Number(announced) !== body.length && answer.status !== 304) throw Object.assign(new Error("short"), { code: `${body.length} of ${announced} bytes` });
    return { status: answer.status, etag: answer.headers.get("etag") ?? undefined, body };
  }

  return {
    async get(asked, { name, headers }) {
      // npm's client tries again until it has an answer's beginning; that its rest arrives is the business of whoever reads it
      for (let tries = 0; ; tries++) {
        try { return await once(asked.url, name, headers); } catch (e) {
          // npm's client calls it a fault of the network
          if (signal?.aborted === true) throw new MlstackError("MLS4003", "interrupted", { cause: e });
          const brokeOff = (e as { readonly statusCode?: number }).statusCode === undefined && !hasBeenTried(e);
          if (!brokeOff || tries >= Math.min(retries, 1)) throw registryFault(e, asked);
        }
      }
    },
  };
}

/** Faults before an answer's beginning, which npm's client has tried again itself. */
function hasBeenTried(e: unknown): boolean {
  const { code = "", type } = e as { readonly code?: string; readonly type?: string };
  return /^(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNECTIONTIMEOUT)$/.test(code) || /CERT|SELF_SIGNED|UNABLE_TO/.test(code) || type === "request-timeout";
}
