import { HeadBucketCommand } from "@aws-sdk/client-s3";
import { MlstackError } from "@mlstack/core";
import { expect, test } from "vitest";
import { keyPrefix, s3Config } from "./config.ts";
import { partSizeFor } from "./multipart.ts";
import { openSession } from "./session.ts";
import { fakeService } from "./testing/fake-service.ts";

test("a bucket is all that must be said", () => {
  expect(s3Config.parse({ bucket: "models" })).toEqual({
    bucket: "models", prefix: "", partSizeMib: 8, uploadConcurrency: 4, checksum: "crc32", conditionalWrites: true, maxAttempts: 5, connectTimeoutSeconds: 10, idleTimeoutSeconds: 60,
  });
});

test.each([
  {}, { bucket: "" }, { bucket: "a/b" }, { bucket: "s3://b" }, { bucket: "b12", Region: "x" }, { bucket: "b12", endpoint: "host:9000" }, { bucket: "b12", endpoint: "ftp://x" }, { bucket: "b12", endpoint: "http://user:secret@x" }, { bucket: "b12", prefix: "a//b" },
  { bucket: "b12", prefix: "ä" }, { bucket: "b12", prefix: "../x" }, { bucket: "b12", partSizeMib: 4 }, { bucket: "b12", credentials: { accessKeyId: "x" } }, { bucket: "b12", checksum: "md5" }, { bucket: "b12", prefix: "x".repeat(501) },
])("%j is refused", (config) => expect(s3Config.safeParse(config).success).toBe(false));

test.each([["", ""], ["/", ""], ["a", "a/"], ["/a/b/", "a/b/"], ["a=b", "a=b/"]])("the prefix %j stands before keys as %j", (prefix, want) => {
  expect(keyPrefix(s3Config.parse({ bucket: "b12", prefix }))).toBe(want);
});

test("parts grow where ten thousand would not do", () => {
  const mebibyte = 2 ** 20;
  expect(partSizeFor(100 * mebibyte, 8 * mebibyte)).toBe(8 * mebibyte);
  expect(partSizeFor(80_000 * mebibyte, 8 * mebibyte)).toBe(8 * mebibyte);
  for (const size of [80_001 * mebibyte, 5 * 2 ** 40]) {
    const part = partSizeFor(size, 8 * mebibyte);
    expect([Math.ceil(size / part) <= 10_000, part % mebibyte]).toEqual([true, 0]);
  }
});

test("the configured values reach the service", async () => {
  let requests = 0;
  const service = await fakeService((_seen, res) => { requests++; res.writeHead(503).end(); });
  const session = await openSession(s3Config.parse({ bucket: "b12", prefix: "p", endpoint: service.endpoint, maxAttempts: 2, credentials: { accessKeyId: "id", secretAccessKey: "s", sessionToken: "token" } }));
  expect(session.prefix).toBe("p/");
  await expect(session.send(new HeadBucketCommand({ Bucket: "b12" }))).rejects.toMatchObject({ $metadata: { httpStatusCode: 503 } });
  expect(service.seen[0]).toMatchObject({ url: "/b12/", headers: { "x-amz-security-token": "token", authorization: expect.stringContaining("Credential=id/") as string } });
  expect(requests).toBe(2);
  session.close();
  await service.stop();
});

test("a missing region is an error of the configuration, before anything is sent", async () => {
  const names = ["AWS_REGION", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_PROFILE"];
  const before = names.map((name) => process.env[name]);
  for (const name of names) delete process.env[name];
  process.env["AWS_CONFIG_FILE"] = process.env["AWS_SHARED_CREDENTIALS_FILE"] = "/no/such/file";
  try {
    await expect(openSession(s3Config.parse({ bucket: "b12" }))).rejects.toSatisfy((e) => MlstackError.is(e, "MLS2008"));
  } finally {
    for (const [i, name] of names.entries()) if (before[i] === undefined) delete process.env[name]; else process.env[name] = before[i];
  }
});
