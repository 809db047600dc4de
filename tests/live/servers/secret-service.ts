import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pythonVenv } from "./tools.ts";

export interface SecretService {
  /** What a process needs to find it. */
  readonly env: { readonly DBUS_SESSION_BUS_ADDRESS: string };
  stop(): Promise<void>;
}

export function install(): Promise<string> {
  return pythonVenv("secret-service", ["dbus-next==0.2.3", "cryptography==50.0.2"]);
}

/**
 * Starts a Secret Service in memory, on a session bus of its own. It ends with this process, however that ends. Needs `dbus-daemon`.
 *
 * @param options.locked everything in it is locked, and nobody unlocks it
 */
export async function startSecretService({ locked = false }: { readonly locked?: boolean } = {}): Promise<SecretService> {
  const python = join(await install(), "bin", "python");
  const child = spawn(python, [join(import.meta.dirname, "secret-service.py"), ...(locked ? ["locked"] : [])], { stdio: ["pipe", "pipe", "pipe"] });
  let said = "";
  child.stderr.on("data", (text: Buffer) => { said += text.toString(); });
  const ended = once(child, "exit");
  const first = await Promise.race([once(createInterface(child.stdout), "line"), ended.then(() => undefined)]);
  if (first === undefined) throw new Error(`the Secret Service did not start: ${said}`);
  return {
    env: { DBUS_SESSION_BUS_ADDRESS: String(first[0]) },
    async stop() { child.stdin.end(); await ended; },
  };
}
