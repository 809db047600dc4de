import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { s3Config } from "./config.ts";
import { s3ArtifactStore } from "./s3-artifact-store.ts";
import { fakeService } from "./testing/fake-service.ts";

const folder = mkdtempSync(join(tmpdir(), "mlstack-s3-credentials-"));
const NAMES = ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION"] as const;
const before = NAMES.map((name) => process.env[name]);
type Variables = Readonly<Partial<Record<(typeof NAMES)[number], string>>>;
const set = (values: Variables) => { for (const name of NAMES) if (values[name] === undefined) delete process.env[name]; else process.env[name] = values[name]; };
afterAll(() => {
  set(Object.fromEntries(NAMES.flatMap((name, i) => (before[i] === undefined ? [] : [[name, before[i]]]))));
  rmSync(folder, { recursive: true, force: true });
});

const [config, credentials, printed] = ["config", "credentials", "printed.json"].map((name) => join(folder, name)) as [string, string, string];
writeFileSync(printed, JSON.stringify({ Version: 1, AccessKeyId: "printed", SecretAccessKey: "s", SessionToken: "of the process" }));
writeFileSync(config, `[profile team]\nregion = eu-west-1\n[profile sso]\nregion = eu-west-1\ncredential_process = cat ${printed}\n`);
writeFileSync(credentials, "[team]\naws_access_key_id = teamkey\naws_secret_access_key = s\naws_session_token = of the session\n");
const FILES = { AWS_CONFIG_FILE: config, AWS_SHARED_CREDENTIALS_FILE: credentials };

test.each<[string, Variables, string, string | undefined]>([
  ["a profile with a session's token", { ...FILES, AWS_PROFILE: "team" }, "teamkey", "of the session"],
  ["a process that a profile names", { ...FILES, AWS_PROFILE: "sso" }, "printed", "of the process"],
  ["the environment, with a token", { ...FILES, AWS_ACCESS_KEY_ID: "envkey", AWS_SECRET_ACCESS_KEY: "s", AWS_SESSION_TOKEN: "of the environment" }, "envkey", "of the environment"],
  ["the environment, without one", { ...FILES, AWS_ACCESS_KEY_ID: "envkey", AWS_SECRET_ACCESS_KEY: "s" }, "envkey", undefined],
])("credentials come from %s", async (_, variables, key, token) => {
  set(variables);
  const service = await fakeService((_seen, res) => void res.writeHead(200, { "content-length": 3 }).end());
  const store = await s3ArtifactStore(s3Config.parse({ bucket: "b12", endpoint: service.endpoint }));
  await store.stat("k");
  expect(service.seen[0]!.headers["authorization"]).toContain(`Credential=${key}/`);
  expect(service.seen[0]!.headers["x-amz-security-token"]).toBe(token);
  await store.dispose?.();
  await service.stop();
});
