/** What a process needs to run at all, and what the clients of the usual services read. A remote machine would bring its own; time zone and language come with the step. */
export const PASSED: readonly string[] = [
  "PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TEMP", "TMP", "SystemRoot", "COMSPEC", "PATHEXT", "USERPROFILE", "APPDATA", "LOCALAPPDATA",
  "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS",
  "AWS_*", "GOOGLE_*", "AZURE_*", "MLFLOW_*", "WANDB_*",
];

/** The variables of `env` whose names fit one of `names`. */
export function passedOn(env: Readonly<Record<string, string | undefined>>, names: readonly string[]): Record<string, string> {
  const fits = names.map((name) => new RegExp(`^${name.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, String.raw`\$&`)).join(".*")}$`));
  return Object.fromEntries(Object.entries(env).flatMap(([name, value]) => (value !== undefined && fits.some((f) => f.test(name)) ? [[name, value]] : [])));
}
