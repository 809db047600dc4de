import { MlstackError } from "@mlstack/core";

/** What is known of a failed call: `unsent` never reached the server, `refused` was answered and did nothing, `unknown` may have been done. */
export type Outcome = "unsent" | "refused" | "unknown";

/** A failed call, before it is decided whether it is tried again. */
export interface Failure {
  readonly outcome: Outcome;
  /** Whether another try can go better: the server does not serve now, rather than refuse. */
  readonly transient: boolean;
  /** From the answer's Retry-After, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  readonly error: MlstackError;
}

const NOT_REACHED = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH", "EADDRNOTAVAIL", "UND_ERR_CONNECT_TIMEOUT"]);
const CERTIFICATE = /^(?:CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|ERR_TLS_|HOSTNAME_MISMATCH|INVALID_CA)/;

/**
 * A call that got no whole answer.
 *
 * @param e what the HTTP client threw
 * @param operation such as `creating the run`
 */
export function connectionFailure(e: unknown, operation: string, server: string): Failure {
  const code = codeOf(e);
  if (CERTIFICATE.test(code)) {
    return { outcome: "unsent", transient: false, error: unreachable(`${operation}: the certificate of ${server} is not trusted (${code})`, "name the authority's PEM file in caFile", operation, server, "unsent", e) };
  }
  const outcome = NOT_REACHED.has(code) ? "unsent" : "unknown";
  return { outcome, transient: true, error: unreachable(`${operation}: MLflow at ${server} could not be reached (${code || messageOf(e)})`, "see that the server runs and that trackingUri is right", operation, server, outcome, e) };
}

/** A call that was not answered in time: it may still be done. */
export function timeoutFailure(ms: number, operation: string, server: string): Failure {
  return { outcome: "unknown", transient: true, error: unreachable(`${operation}: MLflow at ${server} did not answer within ${ms} ms`, "see how the server is doing, or raise timeoutMs", operation, server, "unknown", undefined) };
}

/** An answer that is not of MLflow's form, or was cut off. */
export function garbledFailure(operation: string, server: string, status: number, body: string, cause?: unknown): Failure {
  const page = /^\s*</.test(body);
  const found = page ? `a web page${titleOf(body)}` : body.trim() === "" ? "nothing" : `"${clip(body, 100)}"`;
  // a page is the answer of a login or of another service; anything else may be MLflow's answer, cut off
  const error = new MlstackError(page ? "MLS6003" : "MLS6001", `${operation}: ${server} answered with ${found}, which is not MLflow's JSON (status ${status})`, {
    why: page ? "something before MLflow answered, such as a login page or a proxy" : "the answer does not have the form of MLflow's REST API",
    fix: "see that trackingUri is the address of the MLflow server, with its path prefix", details: { service: "mlflow", server, operation, status, outcome: page ? "refused" : "unknown" }, cause,
  });
  return { outcome: page ? "refused" : "unknown", transient: !page, error };
}

/** An answer with a status of 300 or more. */
export function statusFailure(operation: string, server: string, status: number, headers: Readonly<Record<string, string | string[] | undefined>>, body: string): Failure {
  const { errorCode, message } = parseError(body);
  const said = message ?? (/^\s*</.test(body) ? `a web page${titleOf(body)}` : clip(body, 300));
  const text = `${operation}: MLflow at ${server} answered ${status}${errorCode === undefined ? "" : ` ${errorCode}`}${said === "" ? "" : `: ${clip(said, 500)}`}`;
  const outcome: Outcome = status >= 500 && !/serve-artifacts/.test(body) ? "unknown" : "refused";
  const details = { service: "mlflow", server, operation, status, outcome, ...(errorCode !== undefined && { errorCode }) };
  const make = (code: "MLS6001" | "MLS6002" | "MLS6003", fix: string): MlstackError => new MlstackError(code, text, { fix, details });
  if (status === 401) return { outcome, transient: false, error: make("MLS6002", "set token, or username and password, in the tracker's configuration") };
  if (status === 403) return { outcome, transient: false, error: make("MLS6002", "grant this user the right to edit the experiment, or use another one") };
  const location = headers["location"];
  if (status < 400) return { outcome, transient: false, error: make("MLS6003", `set trackingUri to the address that is really meant${typeof location === "string" ? ` (it points to ${location.split("?")[0]})` : ""}`) };
  const transient = status === 429 || status === 408 || (outcome === "unknown" && status !== 501);
  return { outcome, transient, retryAfterMs: retryAfter(headers["retry-after"]), error: make(transient ? "MLS6001" : "MLS6003", fixOf(status, errorCode, body)) };
}

/** MLflow's own code of an error, such as RESOURCE_DOES_NOT_EXIST; undefined for other errors. */
export function errorCodeOf(e: unknown): string | undefined {
  const code = MlstackError.is(e) ? e.details?.["errorCode"] : undefined;
  return typeof code === "string" ? code : undefined;
}

/** What is known of the call that ended in this error. */
export function outcomeOf(e: unknown): Outcome | undefined {
  const outcome = MlstackError.is(e) ? e.details?.["outcome"] : undefined;
  return outcome === "unsent" || outcome === "refused" || outcome === "unknown" ? outcome : undefined;
}

/** Milliseconds of a Retry-After header: seconds or a date (RFC 9110, 10.2.3). */
export function retryAfter(header: string | string[] | undefined, now = Date.now()): number | undefined {
  const text = Array.isArray(header) ? header[0] : header;
  if (text === undefined || text.trim() === "") return undefined;
  const ms = /^\s*\d+\s*$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}

function fixOf(status: number, errorCode: string | undefined, body: string): string {
  if (/serve-artifacts/.test(body)) return "start the server with --serve-artifacts";
  if (errorCode === "RESOURCE_DOES_NOT_EXIST" || errorCode === "INVALID_STATE") return "see in MLflow whether it was deleted";
  if (status === 404) return "see that trackingUri is the address of the MLflow server, with its path prefix";
  if (status === 413) return "raise the size of requests that the proxy before MLflow lets through";
  if (status === 429) return "wait, or raise the server's rate limit";
  return status >= 500 ? "see the server's log" : "see what MLflow says";
}

function unreachable(message: string, fix: string, operation: string, server: string, outcome: Outcome, cause: unknown): MlstackError {
  return new MlstackError("MLS6001", message, { fix, details: { service: "mlflow", server, operation, outcome }, cause });
}

function parseError(body: string): { errorCode?: string | undefined; message?: string | undefined } {
  try {
    const { error_code, message } = JSON.parse(body) as { error_code?: unknown; message?: unknown };
    return { errorCode: typeof error_code === "string" ? error_code : undefined, message: typeof message === "string" ? message : undefined };
  } catch { return {}; }
}

function codeOf(e: unknown): string {
  for (let at: unknown = e, depth = 0; at instanceof Error && depth < 4; at = at.cause, depth++) {
    const { code } = at as { code?: unknown };
    if (typeof code === "string" && code !== "") return code;
  }
  return "";
}

const messageOf = (e: unknown): string => (e instanceof Error ? e.message : String(e));
const clip = (text: string, length: number): string => { const line = text.trim().replace(/\s+/g, " "); return line.length > length ? `${line.slice(0, length)}…` : line; };
const titleOf = (html: string): string => { const title = /<title>([^<]{1,100})/i.exec(html)?.[1]?.trim(); return title === undefined ? "" : ` ("${title}")`; };
