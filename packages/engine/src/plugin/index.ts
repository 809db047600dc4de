import { resolve } from "node:path";
import { component, definePlugin } from "@mlstack/core";
import { z } from "zod";

/** The components that come with the engine. They are found, checked and created as those of any plugin. */
export default definePlugin({
  name: "@mlstack/engine",
  components: [
    component({
      type: "artifact_store", version: 1, flavor: "local", description: "Artifacts as files of a folder on this machine",
      config: z.strictObject({
        path: z.string().min(1).optional().describe("The folder; relative to the project. By default the project's state folder."),
        durability: z.enum(["process", "power"]).default("process").describe("What written artifacts survive: the death of the process, or also of the machine (fsync)."),
      }),
      permissions: { files: ["*"] }, local: { unless: "path" },
      create: async ({ path, durability }, { projectDir, stateDir }) =>
        (await import("../local/local-artifact-store.ts")).localArtifactStore({ root: path === undefined ? resolve(stateDir, "store") : resolve(projectDir, path), durability }),
    }),
    component({
      type: "orchestrator", version: 1, flavor: "local", description: "Runs steps on this machine",
      config: z.strictObject({
        concurrency: z.int().min(1).default(1).describe("How many steps run side by side."),
        isolation: z.enum(["inline", "process"]).default("inline").describe("Whether steps run in the process that starts the run, or in worker processes, which can be ended at any time."),
      }),
      permissions: { processes: ["node"] },
      create: async (config, { projectDir, stateDir }) => (await import("../local/local-orchestrator.ts")).localOrchestrator(config, { projectDir, stateDir }),
    }),
    component({
      type: "experiment_tracker", version: 1, flavor: "local", description: "Parameters and metrics as files of a folder on this machine",
      config: z.strictObject({ path: z.string().min(1).optional().describe("The folder; relative to the project. By default the project's state folder.") }),
      permissions: { files: ["*"] }, local: { unless: "path" },
      create: async ({ path }, { projectDir, stateDir }) => (await import("../local/local-tracker.ts")).localTracker(path === undefined ? resolve(stateDir, "tracking") : resolve(projectDir, path)),
    }),
    component({
      type: "secret_store", version: 1, flavor: "env", description: "Secrets in environment variables",
      config: z.strictObject({ prefix: z.string().min(1).optional().describe("What the variables' names begin with; MLSTACK_SECRET_ by default. The secret db-password is looked for in MLSTACK_SECRET_DB_PASSWORD.") }),
      permissions: { env: ["*"] },
      create: async ({ prefix }, { env = process.env }) => (await import("../secrets/env-secret-store.ts")).envSecretStore(env, prefix),
    }),
    component({
      type: "secret_store", version: 1, flavor: "file", description: "Secrets as encrypted files of a folder on this machine",
      config: z.strictObject({
        path: z.string().min(1).optional().describe("The folder; relative to the project. By default in the project's state folder."),
        keyFile: z.string().min(1).optional().describe("The file that holds the key; relative to the project. By default the key is in this system's keychain, or in a file of this user's outside of any project. MLSTACK_SECRETS_KEY goes before it."),
      }),
      permissions: { files: ["*"], env: ["MLSTACK_SECRETS_KEY", "MLSTACK_KEYCHAIN"] },
      async create({ path, keyFile }, { projectDir, stateDir, env = process.env }) {
        const [{ fileSecretStore }, { keyFileOf }, { systemKeychain }] = await Promise.all([import("../secrets/file-secret-store.ts"), import("../secrets/secret-key.ts"), import("../secrets/keychain.ts")]);
        const key = keyFile === undefined ? { keyFile: keyFileOf(env), keychain: systemKeychain(env) } : { keyFile: resolve(projectDir, keyFile) };
        return fileSecretStore({ folder: path === undefined ? resolve(stateDir, "secrets") : resolve(projectDir, path), env, ...key });
      },
    }),
    component({
      type: "model_deployer", version: 1, flavor: "local", description: "Serves models by processes of this machine, over the Open Inference Protocol v2",
      config: z.strictObject({
        host: z.string().min(1).default("127.0.0.1").describe("Where deployments listen. What is not of this machine alone can be asked by everybody who reaches it."),
        port: z.int().min(1).max(65_535).optional().describe("The port of the first deployment. By default a free one; each deployment keeps its own."),
      }),
      permissions: { hosts: ["127.0.0.1"], files: ["*"], processes: ["node"] }, local: true,
      create: async (config, { projectDir, stateDir }) => (await import("../deploy/local-deployer.ts")).localDeployer({ ...config, projectDir, root: (await import("../deploy/deployment-folder.ts")).deploymentsIn(stateDir) }),
    }),
  ],
});
