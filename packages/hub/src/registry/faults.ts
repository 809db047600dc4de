import { MlstackError } from "@mlstack/core/errors";

/** What was asked for, and of whom. */
export interface Asked {
  /** In words: `the description of s3`. */
  readonly what: string;
  readonly name: string;
  /** May hold credentials: never shown as it is. */
  readonly url: string;
  /** A variable that the token refers to and that is not set. */
  readonly unset?: string | undefined;
  readonly hasCredentials: boolean;
}

interface Fault { readonly message?: string; readonly code?: string; readonly errno?: string; readonly type?: string; readonly statusCode?: number; readonly body?: unknown }

/** Host and path of a URL, without what may be secret in it. */
export function shownUrl(url: string): string {
  if (!URL.canParse(url)) return "an address that is none";
  const { host, pathname } = new URL(url);
  return `${host}${pathname.replaceAll(/%2f/gi, "/").replaceAll("%40", "@").replace(/\/+$/, "")}`;
}

const TLS = /CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS|EPROTO|ERR_SSL/;

/** What goes wrong while a registry is asked, in terms of what mends it. None of it says anything about the bytes of a package. */
export function registryFault(e: unknown, asked: Asked): MlstackError {
  if (MlstackError.is(e)) return e;
  const fault = (typeof e === "object" && e !== null ? e : { message: String(e) }) as Fault;
  const status = fault.statusCode;
  return status === undefined ? unreachable(fault, asked, e) : refused(status, saidBy(fault.body), asked, e);
}

function unreachable(fault: Fault, asked: Asked, cause: unknown): MlstackError {
  const code = [fault.code, fault.errno, fault.type].find((each) => each !== undefined && each !== "FETCH_ERROR") ?? "";
  const isTls = TLS.test(code);
  const why = isTls ? `its certificate was not accepted (${code})`
    : code === "ENOTFOUND" || code === "EAI_AGAIN" ? "there is no such host, or no network"
    : code === "ECONNREFUSED" ? "nobody listens there"
    : /TIMEOUT|timeout/.test(code) ? "it did not answer in time"
    : `the answer broke off${code === "" ? "" : ` (${code})`}`;
  return new MlstackError("MLS8101", `the registry cannot be reached: ${asked.what} was asked for at ${shownUrl(asked.url)}`, {
    why, fix: isTls ? "name the certificates that your network uses: npm config set cafile FILE" : "try again; check registry and proxy: npm config list; --offline works with what was fetched before",
    details: { package: asked.name, registry: shownUrl(asked.url), reason: code }, cause,
  });
}

function refused(status: number, said: string | undefined, asked: Asked, cause: unknown): MlstackError {
  const at = shownUrl(asked.url);
  const details = { package: asked.name, registry: at, status };
  const quoted = said === undefined ? "" : `: ${said}`;
  if (status === 404 || status === 410) {
    return new MlstackError("MLS8102", `the registry has not ${asked.what} (${at})`, {
      why: asked.hasCredentials ? "either there is none of that name, or the token may not see it" : "either there is none of that name, or it is shown only to those who log in",
      fix: "check the name, and which registry its scope has: npm config list", details, cause,
    });
  }
  if ([401, 402, 403, 407].includes(status)) {
    const why = asked.unset !== undefined ? `the token in .npmrc is that of the variable ${asked.unset}, which is not set` : status === 407 ? "the proxy wants a user and password" : asked.hasCredentials ? "the token or password that npm's settings have for it does not allow this" : "npm's settings have no token for it";
    return new MlstackError("MLS8103", `the registry does not allow it (${status}${quoted}): ${asked.what}, at ${at}`, { why, fix: asked.unset !== undefined ? `set ${asked.unset}` : "log in: npm login --registry …, or put the token into your own .npmrc", details, cause });
  }
  if (status === 408 || status === 429 || status >= 500) {
    return new MlstackError("MLS8101", `the registry cannot be reached: it does not serve ${asked.what} at the moment (${status}${quoted}), at ${at}`, { why: "it said so after several tries", fix: "try again later; --offline works with what was fetched before", details, cause });
  }
  return notARegistry(`status ${status}${quoted}`, asked, cause);
}

/** The sentence that a registry gives as its reason, not the page of a proxy. */
function saidBy(body: unknown): string | undefined {
  const { error, message } = (typeof body === "object" && body !== null ? body : {}) as { readonly error?: unknown; readonly message?: unknown };
  const said = [error, message].find((each) => typeof each === "string" && each !== "");
  return typeof said === "string" ? said.replace(/\s+/g, " ").slice(0, 200) : undefined;
}

/** @param problem what was found instead */
export function notARegistry(problem: string, asked: Asked, cause?: unknown): MlstackError {
  return new MlstackError("MLS8104", `what was answered is not ${asked.what}: ${problem} (${shownUrl(asked.url)})`, {
    why: "it is the answer of something else, such as a portal or proxy on the way, or of a registry that is not set up as one", fix: "open that address in a browser; check registry and proxy: npm config list",
    details: { package: asked.name, registry: shownUrl(asked.url), problem }, cause,
  });
}

export function notHere(asked: Asked): MlstackError {
  return new MlstackError("MLS8105", `${asked.what} is not here, and no network is to be used`, {
    why: "--offline works with what was fetched before from the same registry", fix: "run it once without --offline, or import a bundle: mlstack integration bundle import FILE", details: { package: asked.name, missing: asked.what },
  });
}
