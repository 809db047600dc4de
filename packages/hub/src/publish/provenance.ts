import { readFileSync } from "node:fs";
import { isPublicNpm } from "../registry/public-npm.ts";

/** Whether somebody here can sign where a package was built, as npm decides it. */
export type ProvenanceSource = { readonly by: "GitHub Actions" | "GitLab CI" } | { readonly why: string; readonly fix: string };

type Env = Readonly<Record<string, string | undefined>>;

/** @param env the variables that a CI service sets */
export function provenanceSource(env: Env): ProvenanceSource {
  const has = (name: string): boolean => (env[name] ?? "") !== "";
  if (has("GITHUB_ACTIONS")) return has("ACTIONS_ID_TOKEN_REQUEST_URL") ? { by: "GitHub Actions" } : { why: "this job of GitHub Actions may not ask for an id token", fix: "give the job permissions: { id-token: write }" };
  if (has("GITLAB_CI")) return has("SIGSTORE_ID_TOKEN") ? { by: "GitLab CI" } : { why: "this job of GitLab CI has no SIGSTORE_ID_TOKEN", fix: "give the job id_tokens: { SIGSTORE_ID_TOKEN: { aud: sigstore } }" };
  return { why: "only a CI service can sign for what it has built: GitHub Actions and GitLab CI do", fix: "publish from there" };
}

/**
 * Why nothing is signed unasked; undefined where it is: only what is public on both sides. The statement names the repository, its commit and the
 * workflow, and lies in a public log for ever.
 *
 * @param url the registry that is published to
 */
export function notSignedUnasked(env: Env, url: string): string | undefined {
  const asked = "and the statement would put its name, and the workflow's, into a public log; --provenance signs all the same";
  if (!isPublicNpm(url)) return "the registry is not npm's public one, and the statement would put the names of repository and workflow into a public log; --provenance signs all the same";
  switch (isPublicRepository(env)) {
    case true: return undefined;
    case false: return `the repository is not public, ${asked}`;
    case undefined: return `nothing here says that the repository is public, ${asked}`;
  }
}

/** Undefined where the CI service does not tell. */
function isPublicRepository(env: Env): boolean | undefined {
  const said = (env["GITHUB_ACTIONS"] ?? "") === "" ? env["CI_PROJECT_VISIBILITY"] : env["GITHUB_REPOSITORY_VISIBILITY"];
  if (said !== undefined && said !== "") return said === "public";
  if ((env["GITHUB_EVENT_PATH"] ?? "") === "" || (env["GITHUB_ACTIONS"] ?? "") === "") return undefined;
  try {
    const { repository } = JSON.parse(readFileSync(env["GITHUB_EVENT_PATH"]!, "utf8")) as { readonly repository?: { readonly private?: unknown; readonly visibility?: unknown } | null };
    // within a company is not private, and not public either
    if (typeof repository?.visibility === "string") return repository.visibility === "public";
    return typeof repository?.private === "boolean" ? !repository.private : undefined;
  } catch { return undefined; }
}
