import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { projectPlugins } from "../plugins.ts";
import { LOCAL_STACK } from "../stack/stack.ts";
import { envSecretStore, variableOf } from "./env-secret-store.ts";
import { fileSecretStore } from "./file-secret-store.ts";
import { stackSecrets } from "./stack-secrets.ts";
import { componentEnv, takeSecrets, TRAVELLING } from "./travelling.ts";

const dir = mkdtempSync(join(tmpdir(), "mlstack-stack-secrets-"));
afterAll(() => { rmSync(dir, { recursive: true, force: true }); });

const place = { projectDir: dir, stateDir: join(dir, ".mlstack") };
const open = (env: Record<string, string>, store?: { flavor: string; config?: Record<string, string> }, travelled?: Record<string, string>) =>
  stackSecrets(store === undefined ? LOCAL_STACK : { ...LOCAL_STACK, components: { ...LOCAL_STACK.components, secret_store: { name: "own", ...store } } }, projectPlugins(dir, undefined, { env: { XDG_CONFIG_HOME: join(dir, "cfg"), APPDATA: join(dir, "cfg"), ...env } }), place, travelled);

test("variables by the name of a secret", async () => {
  expect([variableOf("db-password"), variableOf("team/db.password"), variableOf("x", "CI_")]).toEqual(["MLSTACK_SECRET_DB_PASSWORD", "MLSTACK_SECRET_TEAM_DB_PASSWORD", "CI_X"]);
  const s = envSecretStore({ MLSTACK_SECRET_B: "2", MLSTACK_SECRET_A: "1", MLSTACK_SECRET_EMPTY: "", MLSTACK_SECRETS_KEY: "k" });
  expect(await s.list!()).toEqual([{ name: "a" }, { name: "b" }]);
  expect([await s.get("a"), await s.get("empty"), await s.get("s-key")]).toEqual(["1", undefined, undefined]);
});

test("a stack without a secret store asks variables and then the file; one with its own asks that alone", async () => {
  const file = fileSecretStore({ folder: join(dir, ".mlstack", "secrets"), keyFile: join(dir, "cfg", "mlstack", "secrets.key"), env: {} });
  await file.set!("both", "of the file");
  await file.set!("only-file", "in the file");
  const env = { MLSTACK_SECRET_BOTH: "of the variable", OWN_BOTH: "of its own" };
  const usual = open(env);
  expect([await usual.get("both"), await usual.get("only-file"), await usual.get("none")]).toEqual(["of the variable", "in the file", undefined]);
  expect(usual.redactor.text("of the variable, in the file")).toBe("[secret], [secret]");
  const own = open(env, { flavor: "env", config: { prefix: "OWN_" } });
  expect([await own.get("both"), await own.get("only-file")]).toEqual(["of its own", undefined]);
  expect(own.stores).toBe('the secret store "own" (env)');
});

test("values travel in one variable, and are taken out of the environment where they arrive", async () => {
  const from = open({ MLSTACK_SECRET_A: "value of a", MLSTACK_SECRET_B: "value of b" });
  const env = await componentEnv({ artifact_store: { name: "s", flavor: "acme", config: { x: "${secret:a}", y: ["${env:TOKEN}", "${env:ABSENT}"], z: "${secret:absent}" } } }, { TOKEN: "t" }, from);
  expect(env).toEqual({ TOKEN: "t", [TRAVELLING]: '{"a":"value of a"}' });
  const arrived: Record<string, string | undefined> = { ...env, PATH: "/bin" };
  const values = takeSecrets(arrived);
  expect([values, arrived]).toEqual([{ a: "value of a" }, { TOKEN: "t", PATH: "/bin" }]);
  const there = open({}, undefined, values);
  expect(await there.get("a")).toBe("value of a");
  // also before anything has asked for it
  expect(open({}, undefined, values).redactor.text("it is value of a")).toBe("it is [secret]");
  expect(takeSecrets({ [TRAVELLING]: "no json" })).toEqual({});
});
