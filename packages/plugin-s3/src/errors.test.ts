import { MlstackError } from "@mlstack/core";
import { expect, test } from "vitest";
import { failureOf, isInterruption, toMlstackError } from "./errors.ts";

const doing = { verb: "writing", bucket: "b", key: "k", endpoint: "http://localhost:9000", action: "s3:PutObject" };
const service = (name: string, status: number, message = "said the service") => Object.assign(new Error(message), { name, $metadata: { httpStatusCode: status } });
const broken = (code: string, message = code) => Object.assign(new Error(message), { code });

test.each([
  [service("AccessDenied", 403), "MLS6002", /grant s3:PutObject on arn:aws:s3:::b\/\*/],
  [service("InvalidAccessKeyId", 403), "MLS6002", /id/],
  [service("SignatureDoesNotMatch", 403), "MLS6002", /secret/],
  [service("ExpiredToken", 400), "MLS6002", /renew/],
  [service("RequestTimeTooSkewed", 403), "MLS6002", /clock/],
  [service("Unauthorized", 401), "MLS6002", /credentials/],
  [Object.assign(new Error("Could not load credentials"), { name: "CredentialsProviderError" }), "MLS6002", /AWS_PROFILE/],
  [service("NoSuchBucket", 404), "MLS3003", /create the bucket b/],
  [service("NoSuchKey", 404), "MLS3001", /key/],
  [service("NotFound", 404), "MLS3001", /key/],
  [service("PermanentRedirect", 301), "MLS3003", /region/],
  [service("AuthorizationHeaderMalformed", 400), "MLS3003", /region/],
  [service("InvalidObjectState", 403), "MLS3003", /restore/],
  [service("RequestTimeout", 400), "MLS6001", /endpoint/],
  [service("QuotaExceeded", 403), "MLS3004", /quota/],
  [service("XMinioStorageFull", 507), "MLS3004", /space/],
  [service("InternalError", 500), "MLS6001", /maxAttempts/],
  [service("SlowDown", 503), "MLS6001", /maxAttempts/],
  [service("TooManyRequests", 429), "MLS6001", /maxAttempts/],
  [service("InternalError", 200), "MLS6001", /maxAttempts/],
  [service("NotImplemented", 501), "MLS3003", /checksum: none/],
  [service("InvalidArgument", 400), "MLS3003", /service says/],
  [new TypeError("a bug"), "MLS3003", /./],
  [broken("ECONNREFUSED"), "MLS6001", /endpoint/],
  [broken("ECONNRESET", "aborted"), "MLS6001", /endpoint/],
  [broken("ENOTFOUND"), "MLS6001", /endpoint/],
  [broken("SELF_SIGNED_CERT_IN_CHAIN"), "MLS6001", /NODE_EXTRA_CA_CERTS/],
  [Object.assign(new Error("timed out"), { name: "TimeoutError" }), "MLS6001", /endpoint/],
] as const)("%s is %s", (error, code, fix) => {
  const found = toMlstackError(error, doing);
  expect(found.code).toBe(code);
  expect(found.fix).toMatch(fix);
  expect(found.message).toContain("writing s3://b/k");
  expect(found.cause).toBe(error);
  expect(found.details).toMatchObject({ bucket: "b", key: "k" });
});

test("an error that has a code stays as it is", () => {
  const own = new MlstackError("MLS3012", "exists");
  expect(toMlstackError(own, doing)).toBe(own);
});

test("what is no error is understood, too", () => {
  expect(failureOf("text")).toEqual({ name: "Error", message: "text", status: undefined, code: undefined });
  expect(toMlstackError(undefined, doing).code).toBe("MLS3003");
});

test("an answer of the service is no interruption", () => {
  expect(isInterruption(failureOf(service("InternalError", 500)))).toBe(false);
  expect(isInterruption(failureOf(broken("ERR_INVALID_ARG_TYPE")))).toBe(false);
});
