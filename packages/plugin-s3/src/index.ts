import { component, definePlugin } from "@mlstack/core";
import { s3Config } from "./config.ts";

export default definePlugin({
  name: "@mlstack/plugin-s3",
  components: [
    component({
      type: "artifact_store", version: 1, flavor: "s3", description: "Artifacts as objects of an S3 bucket, at AWS or a service that speaks the same protocol",
      config: s3Config,
      permissions: {
        hosts: ["*.amazonaws.com", "*"],
        files: ["~/.aws"],
        // a credential_process in ~/.aws/config
        processes: ["*"],
        env: [
          "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_REGION", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE",
          "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
          "AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "AWS_EC2_METADATA_DISABLED", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3",
        ],
      },
      create: async (config) => (await import("./s3-artifact-store.ts")).s3ArtifactStore(config),
    }),
  ],
});
