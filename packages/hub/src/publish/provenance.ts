/** Whether somebody here can sign where a package was built, as npm decides it. */
export type ProvenanceSource = { readonly by: "GitHub Actions" | "GitLab CI" } | { readonly why: string; readonly fix: string };

/** @param env the variables that a CI service sets */
export function provenanceSource(env: Readonly<Record<string, string | undefined>>): ProvenanceSource {
  const has = (name: string): boolean => (env[name] ?? "") !== "";
  if (has("GITHUB_ACTIONS")) return has("ACTIONS_ID_TOKEN_REQUEST_URL") ? { by: "GitHub Actions" } : { why: "this job of GitHub Actions may not ask for an id token", fix: "give the job permissions: { id-token: write }" };
  if (has("GITLAB_CI")) return has("SIGSTORE_ID_TOKEN") ? { by: "GitLab CI" } : { why: "this job of GitLab CI has no SIGSTORE_ID_TOKEN", fix: "give the job id_tokens: { SIGSTORE_ID_TOKEN: { aud: sigstore } }" };
  return { why: "only a CI service can sign for what it has built: GitHub Actions and GitLab CI do", fix: "publish from there" };
}
