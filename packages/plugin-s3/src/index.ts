import { component, definePlugin } from "@mlstack/core";
import { s3Config } from "./config.ts";

export default definePlugin({
  name: "@mlstack/plugin-s3",
  components: [
    component({
      type: "artifact_store", version: 1, flavor: "s3", description: "Artifacts as objects of an S3 bucket, at AWS or a service that speaks the same protocol",
      config: s3Config,
      permissions: {
        // the last two give a machine and a container their roles
        hosts: ["*.amazonaws.com", "*", "169.254.169.254", "169.254.170.2"],
        files: ["~/.aws"],
        // a credential_process in ~/.aws/config
        processes: ["*"],
        // the SDK looks for its settings one by one, and in newer versions for more of them
        env: ["AWS_*", "_X_AMZN_TRACE_ID"],
      },
      create: async (config) => (await import("./s3-artifact-store.ts")).s3ArtifactStore(config),
    }),
  ],
});
