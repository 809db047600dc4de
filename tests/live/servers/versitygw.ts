import { mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { onFreePort, startServer } from "./process.ts";
import { goInstall } from "./tools.ts";

/** versitygw: an S3 service over a folder. It verifies signatures and checksums. */
export interface Versitygw {
  /** Such as `http://127.0.0.1:40001`; addressed by path. */
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly pid: number;
  /** The folder whose folders are the buckets. */
  readonly data: string;
  /** Makes a bucket. */
  bucket(name: string): Promise<void>;
  log(): string;
  stop(): Promise<void>;
}

/** Builds versitygw, once. */
export async function install(): Promise<string> {
  return goInstall("github.com/versity/versitygw/cmd/versitygw@v1.8.0", "versitygw");
}

export async function startVersitygw(): Promise<Versitygw> {
  const command = await install();
  const data = mkdtempSync(join(tmpdir(), "mlstack-versitygw-"));
  for (const folder of ["data", "versions", "iam"]) mkdirSync(join(data, folder));
  const region = "us-east-1";
  const [accessKeyId, secretAccessKey] = ["mlstack", "mlstack-secret"];
  const server = await onFreePort((port) => startServer({
    name: "versitygw", command,
    args: ["--port", `127.0.0.1:${port}`, "--region", region, "--health", "/health", "--iam-dir", join(data, "iam"), "posix", "--versioning-dir", join(data, "versions"), join(data, "data")],
    env: { ROOT_ACCESS_KEY: accessKeyId, ROOT_SECRET_KEY: secretAccessKey }, ready: `http://127.0.0.1:${port}/health`, temporary: [data],
  }));
  const endpoint = server.url;
  const client = new S3Client({ endpoint, region, forcePathStyle: true, credentials: { accessKeyId, secretAccessKey } });
  return {
    endpoint, region, accessKeyId, secretAccessKey, pid: server.pid, data: join(data, "data"), log: server.log,
    async bucket(name) { await client.send(new CreateBucketCommand({ Bucket: name })); },
    async stop() {
      client.destroy();
      await server.stop();
    },
  };
}
