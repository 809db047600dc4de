import { reference, secret } from "@mlstack/core";
import { z } from "zod";

/** How the server is reached; the same for every component of this plugin. */
export const serverConfig = {
  trackingUri: z.url({ protocol: /^https?$/, error: "must be an http or https URL, such as https://mlflow.example.com" })
    .refine((v) => { try { const u = new URL(v); return u.username === "" && u.password === ""; } catch { return true; } }, "must not hold a user or password: use username and password")
    .refine((v) => !/[?#]/.test(v), "must not hold a query or a fragment")
    .describe("The server's address, with its path prefix if it has one."),
  token: secret(z.string().min(1)).optional().describe("A bearer token. Instead of username and password."),
  username: reference(z.string().min(1)).optional().describe("The user for basic authentication, with `password`."),
  password: secret(z.string()).optional().describe("The password for basic authentication, with `username`."),
  caFile: z.string().min(1).optional().describe("A PEM file of the certificate authorities to trust instead of the built-in ones; relative to the project."),
  insecureSkipVerify: z.boolean().default(false).describe("Accepts any certificate: whoever is on the line can read and change what is sent."),
  timeoutMs: z.int().min(100).max(600_000).default(30_000).describe("How long one call may take, in milliseconds. For a file, how long no byte may move."),
} as const;

/** What `serverConfig` yields. */
export interface ServerConfig {
  readonly trackingUri: string;
  readonly token?: string | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly caFile?: string | undefined;
  readonly insecureSkipVerify: boolean;
  readonly timeoutMs: number;
}

export const trackerConfig = z.strictObject({
  ...serverConfig,
  experimentName: z.string().min(1).max(500).optional().describe("The experiment that runs are shown in; made when there is none. By default the pipeline's name."),
  runName: z.string().min(1).max(200).optional().describe("The name of each run; {pipeline} and {run} stand for the pipeline's name and the run's id. By default `{pipeline} {run}`."),
}).superRefine((c, context) => {
  if ((c.username === undefined) !== (c.password === undefined)) context.addIssue({ code: "custom", path: [c.username === undefined ? "username" : "password"], message: "username and password go together" });
  if (c.token !== undefined && c.username !== undefined) context.addIssue({ code: "custom", path: ["token"], message: "give either a token or username and password" });
  if (c.trackingUri.startsWith("http:") && (c.caFile !== undefined || c.insecureSkipVerify)) context.addIssue({ code: "custom", path: [c.caFile === undefined ? "insecureSkipVerify" : "caFile"], message: "has no meaning for an http address" });
});
export type TrackerConfig = z.output<typeof trackerConfig>;
