import { DeleteObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { createServer, type AddressInfo } from "node:net";
import { artifactStoreSuite, conformanceTarget } from "@mlstack/testkit/conformance";

/*
 * S3_TEST_ENDPOINT (such as http://127.0.0.1:9000), S3_TEST_ACCESS_KEY_ID, S3_TEST_SECRET_ACCESS_KEY, and two buckets that are there: S3_TEST_BUCKET, under whose prefix `mlstack-conformance/`
 * the cases work, and S3_TEST_OUTSIDE for objects that mlstack did not write.
 */
const { S3_TEST_ENDPOINT: endpoint, S3_TEST_ACCESS_KEY_ID: accessKeyId, S3_TEST_SECRET_ACCESS_KEY: secretAccessKey, S3_TEST_BUCKET: bucket = "store", S3_TEST_OUTSIDE: outside = "outside", S3_TEST_REGION: region = "us-east-1" } = process.env;

export default [
  conformanceTarget(artifactStoreSuite, {
    flavor: "s3",
    async start({ open, skip }) {
      if (endpoint === undefined || accessKeyId === undefined || secretAccessKey === undefined) return skip("S3_TEST_ENDPOINT, S3_TEST_ACCESS_KEY_ID and S3_TEST_SECRET_ACCESS_KEY are not set: there is no service to test against");
      const credentials = { accessKeyId, secretAccessKey: "${env:S3_TEST_SECRET_ACCESS_KEY}" };
      const config = { endpoint, region, bucket, prefix: "mlstack-conformance", partSizeMib: 5, credentials };
      const vendor = new S3Client({ endpoint, region, forcePathStyle: true, credentials: { accessKeyId, secretAccessKey } });
      const folder = `s3://${outside}/mlstack-conformance/`;
      const at = (uri: string) => ({ Bucket: outside, Key: uri.slice(`s3://${outside}/`.length) });
      return {
        subject: {
          open: () => open(config), partsFrom: 5 * 2 ** 20,
          openMissing: () => open({ ...config, bucket: "no-such-bucket" }),
          openDenied: () => open({ ...config, credentials: { accessKeyId, secretAccessKey: "wrong" } }),
          openUnreachable: async () => open({ ...config, endpoint: await silentAddress(), maxAttempts: 2 }),
          external: {
            folder, malformed: ["s3://", "s3:///key", "http://outside/key"],
            async put(uri, bytes) { await vendor.send(new PutObjectCommand({ ...at(uri), Body: bytes })); },
            async remove(uri) { await vendor.send(new DeleteObjectCommand(at(uri))); },
          },
        },
        stop: () => vendor.destroy(),
      };
    },
  }),
];

/** An address of this machine where nothing answers. */
async function silentAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((done) => { server.listen(0, "127.0.0.1", done); });
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => { server.close(done); });
  return `http://127.0.0.1:${port}`;
}
