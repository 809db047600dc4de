import { MlstackError, type ErrorCode } from "@mlstack/core";

/** What the SDK says about a failed request, wherever it says it. */
export interface Failure {
  readonly name: string;
  readonly message: string;
  /** The answer's status; undefined when there was none. */
  readonly status: number | undefined;
  /** Node's code of a broken connection, such as ECONNRESET. */
  readonly code: string | undefined;
}

/** What was going on, for messages. */
export interface Doing {
  /** Such as `writing`. */
  readonly verb: string;
  readonly bucket: string;
  readonly key?: string | undefined;
  readonly endpoint?: string | undefined;
  /** The IAM action that it takes, such as `s3:PutObject`. */
  readonly action: string;
}

export function failureOf(e: unknown): Failure {
  const error: { name?: unknown; message?: unknown; code?: unknown; $metadata?: { httpStatusCode?: unknown } } = typeof e === "object" && e !== null ? e : { message: String(e) };
  const status = error.$metadata?.httpStatusCode;
  return {
    name: typeof error.name === "string" ? error.name : "Error",
    message: typeof error.message === "string" ? error.message : "",
    status: typeof status === "number" ? status : undefined,
    code: typeof error.code === "string" ? error.code : undefined,
  };
}

/** A connection that did not come about, broke or fell silent, rather than an answer. */
export function isInterruption(f: Failure): boolean {
  if (f.name === "TimeoutError" || f.name === "RequestTimeout" || f.message === "aborted" || f.message === "socket hang up") return true;
  return f.code !== undefined && /^(E[A-Z]+$|ERR_STREAM_PREMATURE_CLOSE|ERR_SSL|ERR_TLS|CERT_|UNABLE_TO|DEPTH_ZERO|SELF_SIGNED|HPE_)/.test(f.code);
}

const REFUSED = new Set(["AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "TokenRefreshRequired", "RequestTimeTooSkewed", "AccountProblem", "AllAccessDisabled", "CredentialsProviderError"]);
const FULL = new Set(["QuotaExceeded", "EntityTooLargeForQuota", "InsufficientStorage", "XMinioStorageFull"]);

/** The error that a user sees for what the SDK threw; errors that have a code already stay as they are. */
export function toMlstackError(e: unknown, doing: Doing): MlstackError {
  if (MlstackError.is(e)) return e;
  const f = failureOf(e);
  const what = `${doing.verb} s3://${doing.bucket}/${doing.key ?? ""}`;
  const details = {
    bucket: doing.bucket, ...(doing.key !== undefined && { key: doing.key }), ...(doing.endpoint !== undefined && { endpoint: doing.endpoint }),
    error: f.code ?? f.name, ...(f.status !== undefined && { status: f.status }),
  };
  const make = (code: ErrorCode, message: string, why: string, fix: string): MlstackError => new MlstackError(code, message, { why, fix, details, cause: e });
  const where = doing.endpoint ?? "AWS";

  if (isInterruption(f)) {
    const tls = f.code !== undefined && /^(ERR_SSL|ERR_TLS|CERT_|UNABLE_TO|DEPTH_ZERO|SELF_SIGNED)/.test(f.code);
    return make("MLS6001", `${what}: ${where} could not be reached: ${f.message || f.code || f.name}`, tls ? "the service's certificate was not accepted" : "the connection did not come about, broke or fell silent, also when it was tried again",
      tls ? "add the certificate's authority by NODE_EXTRA_CA_CERTS" : doing.endpoint === undefined ? "check the network and the region" : "check that the endpoint is right and the service runs");
  }
  if (f.name === "InvalidObjectState") return make("MLS3003", `${what}: ${f.message}`, "the object is in an archive class, such as GLACIER, and must be restored before it can be read", "restore it, and keep lifecycle rules that archive away from the store");
  // before the refusals: some services answer a used-up quota with 403
  if (FULL.has(f.name) || f.status === 507) return make("MLS3004", `${what}: ${f.message}`, "the service has no space left, or a quota is used up", "free space or raise the quota");
  if (f.status === 401 || f.status === 403 || REFUSED.has(f.name)) return refused(f, what, where, doing, make);
  if (f.name === "NoSuchBucket") return make("MLS3003", `${what}: there is no bucket ${doing.bucket} at ${where}`, "the bucket must exist, the store does not make it", `create the bucket ${doing.bucket}, or correct \`bucket\` in the stack's file`);
  if (f.status === 404) return make("MLS3001", `${what}: there is no such object`, `${where} answered ${f.name}`, "check the key, and whether a lifecycle rule of the bucket removes objects");
  if (f.name === "PermanentRedirect" || f.name === "AuthorizationHeaderMalformed" || f.status === 301) {
    return make("MLS3003", `${what}: ${f.message}`, "the bucket lies in another region than the configured one", "set `region` in the stack's file to the bucket's region");
  }
  const said = `${what}: ${f.name}${f.status === undefined ? "" : ` (${f.status})`}${f.message === "" ? "" : `: ${f.message}`}`;
  if (f.status === 501 || f.name === "NotImplemented") return make("MLS3003", said, "the service does not implement what was asked of it", "see what `check` says; set `checksum: none` where it is the checksum that the service does not know");
  if (isBusy(f)) return make("MLS6001", said, "the service did not serve, also when the request was tried again", "try again later, or raise `maxAttempts`");
  return make("MLS3003", said, "the service refused the operation", "see what the service says");
}

const BUSY = new Set(["InternalError", "ServiceUnavailable", "SlowDown", "Throttling", "ThrottlingException", "TooManyRequests", "RequestTimeout", "BadGateway"]);

/** An answer that says that the service does not serve now. An answer of 200 may hold one, too. */
function isBusy({ name, status }: Failure): boolean {
  return BUSY.has(name) || status === 408 || status === 429 || (status !== undefined && status >= 500);
}

function refused(f: Failure, what: string, where: string, doing: Doing, make: (code: ErrorCode, message: string, why: string, fix: string) => MlstackError): MlstackError {
  if (f.name === "CredentialsProviderError") return make("MLS6002", `${what}: there are no credentials: ${f.message}`, "the vendor's chain found none (environment, ~/.aws, SSO, role)", "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or `credentials` in the stack's file");
  const said = f.message === "" || f.message === "UnknownError" ? String(f.status) : `${f.name}: ${f.message}`;
  const fix: Record<string, string> = {
    InvalidAccessKeyId: "correct the access key's id", SignatureDoesNotMatch: "correct the access key's secret",
    ExpiredToken: "renew the temporary credentials (such as aws sso login)", RequestTimeTooSkewed: "set this machine's clock",
  };
  return make("MLS6002", `${what}: ${where} refused: ${said}`, "the credentials are wrong or do not allow it; for an object that is not there S3 says so too, to who may not list the bucket",
    fix[f.name] ?? `check the credentials, and grant ${doing.action} on ${doing.key === undefined ? `arn:aws:s3:::${doing.bucket}` : `arn:aws:s3:::${doing.bucket}/*`}`);
}
