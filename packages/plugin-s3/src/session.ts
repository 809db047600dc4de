import { finished, Readable } from "node:stream";
import { S3Client, type S3ClientConfig } from "@aws-sdk/client-s3";
import { MlstackError, type CallOptions } from "@mlstack/core";
import { keyPrefix, type S3Config } from "./config.ts";
import { toMlstackError } from "./errors.ts";
import { gate } from "./gate.ts";

/** A client and what requests need to know beside it. */
export interface Session {
  /** Sends a command when it is its turn. Its answer's body has to be read or destroyed. */
  readonly send: S3Client["send"];
  readonly config: S3Config;
  /** Empty, or ending in a slash. */
  readonly prefix: string;
  /** The buckets that are known to exist. */
  readonly seen: Set<string>;
  close(): void;
}

/** How many requests and bodies are open at a time. Sockets are more, for one that was given up takes a moment to go. */
const OPEN = 100;
const SOCKETS = 128;

/**
 * Opens a client. Nothing is sent yet.
 *
 * @throws MLS2008 when no region is configured anywhere
 */
export async function openSession(config: S3Config): Promise<Session> {
  const agent = { keepAlive: true, maxSockets: SOCKETS };
  const region = config.region ?? (config.endpoint === undefined ? undefined : (process.env["AWS_REGION"] ?? "us-east-1"));
  const options: S3ClientConfig = {
    ...(region !== undefined && { region }),
    ...(config.endpoint !== undefined && { endpoint: config.endpoint }),
    forcePathStyle: config.forcePathStyle ?? config.endpoint !== undefined,
    ...(config.credentials !== undefined && { credentials: credentials(config.credentials) }),
    // external data may lie in buckets of other regions; other services have no such redirects
    followRegionRedirects: config.endpoint === undefined,
    retryMode: "standard", maxAttempts: config.maxAttempts,
    requestChecksumCalculation: config.checksum === "none" ? "WHEN_REQUIRED" : "WHEN_SUPPORTED",
    // this package compares checksums itself (object-body.ts), so that a body that was resumed is checked as a whole
    responseChecksumValidation: "WHEN_REQUIRED",
    // No limit to the whole request: a large part over a slow line is no failure. Silence is.
    requestHandler: { connectionTimeout: config.connectTimeoutSeconds * 1000, socketTimeout: config.idleTimeoutSeconds * 1000, httpAgent: agent, httpsAgent: agent },
  };
  const s3 = new S3Client(options);
  try { await s3.config.region(); } catch (cause) {
    s3.destroy();
    throw new MlstackError("MLS2008", "no region is configured for the bucket", { why: "neither the stack's file nor AWS_REGION nor ~/.aws/config names one", fix: "set `region` in the stack's file", details: { bucket: config.bucket }, cause });
  }
  return { send: gated(s3, config), config, prefix: keyPrefix(config), seen: new Set(), close: () => s3.destroy() };
}

function gated(s3: S3Client, { idleTimeoutSeconds }: S3Config): S3Client["send"] {
  // a body that nobody reads loses its connection after the idle time, and takes it up again when it is read
  const { enter } = gate(OPEN, 2 * idleTimeoutSeconds * 1000);
  const send = async (command: Parameters<S3Client["send"]>[0], options?: { readonly abortSignal?: AbortSignal }): Promise<unknown> => {
    const leave = await enter(options?.abortSignal);
    try {
      const answer = await s3.send(command, options);
      const body: unknown = "Body" in answer ? answer.Body : undefined;
      if (body instanceof Readable && !body.destroyed) finished(body, leave); else leave();
      return answer;
    } catch (e) { leave(); throw e; }
  };
  return send as S3Client["send"];
}

function credentials({ accessKeyId, secretAccessKey, sessionToken }: NonNullable<S3Config["credentials"]>): NonNullable<S3ClientConfig["credentials"]> {
  return { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) };
}

/** The signal in the form in which the SDK takes it. */
export const sendOptions = (signal: AbortSignal | undefined): { abortSignal?: AbortSignal } => (signal === undefined ? {} : { abortSignal: signal });

/** What an operation touches, for messages. */
export interface Operation {
  readonly verb: string;
  readonly action: string;
  readonly bucket?: string | undefined;
  /** In the bucket, with the prefix. */
  readonly key?: string | undefined;
}

/** Runs an operation: what it throws is the signal's reason, or an MlstackError. */
export async function guarded<T>(session: Session, operation: Operation, options: CallOptions | undefined, work: () => Promise<T>): Promise<T> {
  options?.signal?.throwIfAborted();
  try { return await work(); } catch (e) {
    if (options?.signal?.aborted === true) throw options.signal.reason;
    throw toMlstackError(e, { ...operation, bucket: operation.bucket ?? session.config.bucket, endpoint: session.config.endpoint });
  }
}
