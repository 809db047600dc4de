// The program that asks the system's keychain once: a request as JSON on stdin, an answer as JSON on stdout.
import { json } from "node:stream/consumers";

export type KeychainRequest = { readonly service: string; readonly account: string } & ({ readonly call: "get" | "delete" } | { readonly call: "set"; readonly text: string });

export interface KeychainAnswer {
  /** Of `get`; null where there is none. */
  readonly text?: string | null | undefined;
  /** Why it could not be done. */
  readonly error?: string | undefined;
}

async function answer(request: KeychainRequest): Promise<KeychainAnswer> {
  const { AsyncEntry } = await import("@napi-rs/keyring").catch((cause: unknown) => { throw new Error("@napi-rs/keyring, which reaches it, is not installed here, or not for this machine", { cause }); });
  // by itself it would fall back to the kernel's keyring, which is empty after the next start of the machine
  const entry = new AsyncEntry(request.service, request.account, { linux: { store: "secret-service" } });
  if (request.call === "get") return { text: await entry.getPassword() };
  if (request.call === "set") await entry.setPassword(request.text); else await entry.deleteCredential();
  return {};
}

const request = (await json(process.stdin)) as KeychainRequest;
const given: KeychainAnswer = await answer(request).catch((e: unknown) => ({ error: e instanceof Error ? e.message : String(e) }));
process.stdout.write(JSON.stringify(given));
