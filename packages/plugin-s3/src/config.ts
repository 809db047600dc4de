import { isObjectKey, reference, secret } from "@mlstack/core";
import { z } from "zod";

const trimmed = (prefix: string): string => prefix.replace(/^\/+|\/+$/g, "");

/** The configuration of the `s3` artifact store, as a stack file holds it. */
export const s3Config = z.strictObject({
  bucket: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]$/, "must be a bucket's name: 3 to 63 letters, digits, . _ -").describe("The bucket's name. It must exist."),
  prefix: z.string().max(500).default("").refine((p) => trimmed(p) === "" || isObjectKey(trimmed(p)), "must be segments of A-Z a-z 0-9 . _ = @ + - joined by /")
    .describe("Where in the bucket the store begins, such as team/mlstack. By default at its root."),
  region: z.string().min(1).optional().describe("The bucket's region. By default as the vendor's settings say (AWS_REGION, ~/.aws/config); with an endpoint AWS_REGION or us-east-1."),
  endpoint: z.url({ protocol: /^https?$/ }).refine((url) => !/^[^/]*\/\/[^/]*@/.test(url), "must not hold credentials: they have a place of their own").optional().describe("The service's URL, for services other than AWS."),
  forcePathStyle: z.boolean().optional().describe("Names the bucket in the path instead of the host. By default true with an endpoint."),
  credentials: z.strictObject({
    accessKeyId: reference(z.string().min(1)).describe("The access key's id."),
    secretAccessKey: secret(z.string().min(1)).describe("The access key's secret."),
    sessionToken: secret(z.string().min(1)).optional().describe("The token of temporary credentials."),
  }).optional().describe("By default the vendor's chain finds them: environment, ~/.aws, SSO, the machine's or pod's role."),
  storageClass: z.string().min(1).optional().describe("The storage class of new objects, such as STANDARD_IA. By default the bucket's."),
  serverSideEncryption: z.enum(["AES256", "aws:kms", "aws:kms:dsse"]).optional().describe("How the service encrypts new objects. By default as the bucket says."),
  sseKmsKeyId: z.string().min(1).optional().describe("The KMS key's id or ARN, with aws:kms."),
  partSizeMib: z.int().min(5).max(5120).default(8).describe("What is larger is sent in parts of this size, in MiB; larger where 10,000 parts would not do."),
  uploadConcurrency: z.int().min(1).max(64).default(4).describe("How many parts of one object are sent side by side. Memory: this many parts."),
  checksum: z.enum(["crc32", "none"]).default("crc32").describe("Protects bytes on the wire, both ways. `none` for services that refuse such headers."),
  conditionalWrites: z.boolean().default(true).describe("Whether the service honours If-None-Match. Without it two writers may both believe that they created an object."),
  maxAttempts: z.int().min(1).max(20).default(5).describe("How often a request is tried: server errors, throttling, broken connections, timeouts."),
  connectTimeoutSeconds: z.number().positive().max(600).default(10).describe("How long a connection may take to come about, in seconds."),
  idleTimeoutSeconds: z.number().positive().max(3600).default(60).describe("How long a connection may be silent before the request counts as failed, in seconds."),
});
export type S3Config = z.output<typeof s3Config>;

/** The prefix in the form in which keys are appended to it: empty, or ending in a slash. */
export function keyPrefix(config: Pick<S3Config, "prefix">): string {
  const prefix = trimmed(config.prefix);
  return prefix === "" ? "" : `${prefix}/`;
}
