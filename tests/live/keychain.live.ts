import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startSecretService, type SecretService } from "./servers/secret-service.ts";
import { liveProject, type LiveProject } from "./testing/project.ts";

let p: LiveProject;
let service: SecretService;
let lockedService: SecretService;
beforeAll(async () => {
  p = liveProject({ "value.txt": "value-of-the-secret" });
  [service, lockedService] = await Promise.all([startSecretService(), startSecretService({ locked: true })]);
});
afterAll(async () => {
  await Promise.all([service.stop(), lockedService.stop()]);
  p.close();
});

const set = ["secret", "set", "db-password", "--from-file", "value.txt"];
const env = (home: string, of?: SecretService) => ({ XDG_CONFIG_HOME: join(p.dir, home), XDG_RUNTIME_DIR: "", DBUS_SESSION_BUS_ADDRESS: "", MLSTACK_KEYCHAIN: "", ...of?.env });
const keyFile = (home: string) => join(p.dir, home, "mlstack", "secrets.key");
const STACK = `components:
  artifact_store: { type: local, configuration: { path: "\${secret:db-password}" } }
  orchestrator: { type: local }
`;

test("a key is made in the keychain of the session, opens secrets from there, and is missed where there is no session", async () => {
  const made = await p.mlstack(set, env("home", service));
  expect([made.code, made.stderr]).toEqual([0, expect.stringMatching(/^the key that opens secrets is in the keychain of this system \(mlstack, age1\w+\)\nset db-password/)]);
  expect(readFileSync(keyFile("home"), "utf8")).not.toContain("AGE-SECRET-KEY");
  p.write("stacks/s.yaml", STACK);
  const verified = await p.mlstack(["stack", "verify", "s", "-v"], env("home", service));
  expect(verified.code, verified.stderr).toBe(0);
  expect(existsSync(join(p.dir, "value-of-the-secret"))).toBe(true);
  const again = await p.mlstack(set, env("home", service));
  expect([again.code, again.stderr]).toEqual([0, expect.stringMatching(/^replaced db-password/)]);
  const without = await p.mlstack(["stack", "verify", "s"], env("home"));
  expect([without.code, without.stdout + without.stderr]).toEqual([1, expect.stringContaining("the key for secrets is in the keychain of this system, and can't be had from there")]);
  const refused = await p.mlstack(set, env("home"));
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining("it says: this session has none: there is no D-Bus here")]);
}, 120_000);

test("without a session, and with one that nobody unlocks, the key is in the key file, and that is said", async () => {
  const none = await p.mlstack(set, env("none"));
  expect([none.code, none.stderr]).toEqual([0, expect.stringContaining("which only you can read: keep a copy. It is not in a keychain: this session has none")]);
  const locked = await p.mlstack(set, env("locked", lockedService));
  expect([locked.code, locked.stderr]).toEqual([0, expect.stringContaining("It is not in a keychain: it has not answered for 60 seconds: it may wait to be unlocked")]);
  expect(readFileSync(keyFile("locked"), "utf8")).toMatch(/^AGE-SECRET-KEY-1/m);
  rmSync(join(p.dir, "locked"), { recursive: true });
}, 240_000);
