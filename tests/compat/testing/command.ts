import { execFile } from "node:child_process";
import { mkdirSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";

export const root = join(import.meta.dirname, "..", "..", "..");
export const BIN = join(root, "packages", "cli", "bin", "mlstack.js");
/** Of this folder's secrets; it opens nothing else. */
const KEY = "AGE-SECRET-KEY-1JV4544NQJW8V8UNMCQUDZGHS6N58K7KTF622ZDW4UZSTTHWQH28S4USVK2";

export interface Said { readonly code: number; readonly stdout: string; readonly stderr: string }

/** Runs mlstack in a folder, with nothing of the machine's own settings. */
export function command(dir: string, args: readonly string[], { input, env = {} }: { readonly input?: string; readonly env?: Readonly<Record<string, string>> } = {}): Promise<Said> {
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(VITEST|NODE_OPTIONS|NODE_V8|MLSTACK|CI$|FORCE_COLOR|npm_)/.test(name)));
  return new Promise((done) => {
    const child = execFile(process.execPath, [BIN, ...args], { cwd: dir, env: { ...clean, NO_COLOR: "1", MLSTACK_KEYCHAIN: "off", MLSTACK_SECRETS_KEY: KEY, ...env }, maxBuffer: 64 << 20 }, (_, stdout, stderr) => { done({ code: child.exitCode ?? -1, stdout, stderr }); });
    child.stdin?.end(input);
  });
}

/** The data that a command prints, which has to end well. */
export async function dataOf(dir: string, args: readonly string[], env?: Readonly<Record<string, string>>): Promise<unknown> {
  const said = await command(dir, [...args, "--json"], env === undefined ? {} : { env });
  if (said.code !== 0) throw new Error(`mlstack ${args.join(" ")} ended with ${said.code}: ${said.stdout}${said.stderr}`);
  return (JSON.parse(said.stdout) as { readonly data: unknown }).data;
}

/** A project's node_modules, with the packages of this workspace. */
export function linkPackages(dir: string): void {
  const link = (name: string, target: string): void => {
    mkdirSync(dirname(join(dir, "node_modules", name)), { recursive: true });
    symlinkSync(target, join(dir, "node_modules", name), "junction");
  };
  link("mlstack", join(root, "packages", "cli"));
  for (const name of ["core", "plugin-process"]) link(`@mlstack/${name}`, join(root, "packages", name));
  link("zod", join(root, "node_modules", "zod"));
}
