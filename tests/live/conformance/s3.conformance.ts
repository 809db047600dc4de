import { DeleteObjectCommand, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { artifactStoreSuite, conformanceTests, type ArtifactStoreSubject } from "@mlstack/testkit/conformance";
import { afterAll, beforeAll, test } from "vitest";
import { freePort } from "../servers/process.ts";
import { startVersitygw, type Versitygw } from "../servers/versitygw.ts";
import { openStore, vendorClient } from "../testing/s3.ts";

let gw: Versitygw;
let client: S3Client;
let subject: ArtifactStoreSubject;

beforeAll(async () => {
  gw = await startVersitygw();
  client = vendorClient(gw);
  await gw.bucket("store");
  await gw.bucket("outside");
  const config = { bucket: "store", prefix: "team/ml", partSizeMib: 5 };
  const at = (uri: string) => ({ Bucket: "outside", Key: uri.slice("s3://outside/".length) });
  subject = {
    open: () => openStore(gw, config), partsFrom: 5 * 2 ** 20,
    openMissing: () => openStore(gw, { ...config, bucket: "no-such-bucket" }),
    openDenied: () => openStore(gw, { ...config, credentials: { accessKeyId: gw.accessKeyId, secretAccessKey: "wrong" } }),
    openUnreachable: async () => openStore(gw, { ...config, endpoint: `http://127.0.0.1:${await freePort()}`, maxAttempts: 2 }),
    external: {
      folder: "s3://outside/", malformed: ["s3://", "s3:///key", "http://outside/key"],
      async put(uri, bytes) { await client.send(new PutObjectCommand({ ...at(uri), Body: bytes })); },
      async remove(uri) { await client.send(new DeleteObjectCommand(at(uri))); },
    },
  };
});
afterAll(async () => {
  client.destroy();
  await gw.stop();
});

conformanceTests(test, artifactStoreSuite, () => subject);
