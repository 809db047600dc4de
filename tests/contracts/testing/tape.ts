import { isDeepStrictEqual } from "node:util";
import { MlstackError, type CallOptions } from "@mlstack/core";

/** What an adapter sends: an HTTP request, or an operation of this machine (`SPAWN`, `KILL`) in the same form. */
export interface Sent {
  readonly method: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** What a vendor answers. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** Sends one request. Rejects with a LostAnswer when the connection breaks: the request may have arrived. */
export type Transport = (sent: Sent) => Promise<Answer>;

/** One exchange of a recording: what must be asked next, and what is answered. Headers that are not named are not looked at. */
export type Exchange = readonly [sent: Sent, answer: Answer | "lost" | "refused"];

/** The connection broke. `sent`: whether the request may have reached the vendor. */
export class LostAnswer extends Error {
  readonly sent: boolean;
  constructor(sent: boolean) {
    super(sent ? "socket hang up" : "connect ECONNREFUSED");
    this.sent = sent;
  }
}

/** Plays a recording: every request must be the next one of it, and `done` says that all of it was asked for. */
export function tape(...recording: readonly Exchange[]): { readonly send: Transport; done(): void; readonly left: number } {
  let at = 0;
  return {
    async send(sent) {
      const next = recording[at];
      if (next === undefined) throw new Error(`request ${at + 1} is not in the recording: ${show(sent)}`);
      const [expected, answer] = next;
      if (!matches(expected, sent)) throw new Error(`request ${at + 1} differs\n  recorded: ${show(expected)}\n  sent:     ${show(sent)}`);
      at += 1;
      if (answer === "lost" || answer === "refused") throw new LostAnswer(answer === "lost");
      return answer;
    },
    done() {
      if (at < recording.length) throw new Error(`${recording.length - at} recorded requests were never sent, first: ${show(recording[at]![0])}`);
    },
    get left() { return recording.length - at; },
  };
}

function matches(expected: Sent, sent: Sent): boolean {
  const headers = Object.entries(expected.headers ?? {}).every(([k, v]) => sent.headers?.[k] === v);
  return headers && expected.method === sent.method && expected.url === sent.url && isDeepStrictEqual(expected.body, sent.body);
}

const show = (s: Sent): string => JSON.stringify(s, (_, v: unknown) => (v instanceof Uint8Array ? `<${v.length} bytes>` : v));

/** Whether the vendor does not serve now, rather than refuse: the same request may go well later. */
export const isBusy = ({ status }: Answer): boolean => status === 408 || status === 429 || (status >= 500 && status !== 501);

/**
 * The error that a vendor's answer becomes, where the call site has nothing better to say.
 *
 * @param refused the code of a refusal that a repetition does not change
 */
export function vendorError(what: string, answer: Answer, refused: "MLS6003" | "MLS3003" = "MLS6003"): MlstackError {
  const code = isBusy(answer) ? "MLS6001" : answer.status === 401 || answer.status === 403 ? "MLS6002" : refused;
  return new MlstackError(code, `${what}: HTTP ${answer.status}`, { details: { status: answer.status } });
}

export const unreachable = (what: string, cause: unknown): MlstackError => new MlstackError("MLS6001", `${what}: no answer`, { cause });

/** `send`, again after a lost answer or one that asks to wait, until it is aborted. Only for requests that may arrive twice. */
export async function patiently(send: Transport, sent: Sent, { signal }: CallOptions = {}, attempts = 3): Promise<{ readonly answer: Answer; /** An earlier attempt may have arrived. */ readonly unsure: boolean }> {
  let unsure = false;
  for (let n = 1; ; n++) {
    signal?.throwIfAborted();
    try {
      const answer = await send(sent);
      if (n === attempts || !isBusy(answer)) return { answer, unsure };
      unsure ||= answer.status >= 500;
    } catch (e) {
      if (!(e instanceof LostAnswer)) throw e;
      if (n === attempts) throw unreachable(`${sent.method} ${sent.url}`, e);
      unsure ||= e.sent;
    }
  }
}

/** `send`, again only where the vendor certainly did nothing: a refused connection, or an answer that says so (429, 503). */
export async function cautiously(send: Transport, sent: Sent, { signal }: CallOptions = {}, attempts = 3): Promise<Answer> {
  for (let n = 1; ; n++) {
    signal?.throwIfAborted();
    try {
      const answer = await send(sent);
      if (n === attempts || (answer.status !== 429 && answer.status !== 503)) return answer;
    } catch (e) {
      if (!(e instanceof LostAnswer)) throw e;
      if (e.sent || n === attempts) throw unreachable(`${sent.method} ${sent.url}`, e);
    }
  }
}
