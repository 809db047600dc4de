/** What a process needs to run at all; all else of this one's environment is not its business. */
export const PASSED: readonly string[] = ["PATH", "HOME", "TMPDIR", "TEMP", "TMP", "SystemRoot", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "NODE_EXTRA_CA_CERTS"];

/** The variables of this process that are passed on. */
export function passedOn(): Readonly<Record<string, string>> {
  return Object.fromEntries(PASSED.flatMap((name) => { const value = process.env[name]; return value === undefined ? [] : [[name, value]]; }));
}
