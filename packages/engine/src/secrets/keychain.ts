import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { packageDir } from "../plugins.ts";
import { isCI } from "../project-files/active-stack.ts";
import type { KeychainAnswer, KeychainRequest } from "./keychain-main.ts";

/** The keychain of the system, as far as keys are kept in it: the macOS Keychain, the Windows Credential Manager, a Secret Service on Linux. */
export interface Keychain {
  /** Whether a new key may be put there. */
  readonly takesNew: boolean;
  /** Undefined where there is none for that account. Throws where it can't be reached or opened. */
  get(account: string): Promise<string | undefined>;
  set(account: string, text: string): Promise<void>;
  delete(account: string): Promise<void>;
}

/** `off`: the keychain is left alone. */
export const KEYCHAIN_VARIABLE = "MLSTACK_KEYCHAIN";
/** What the entries are called there; an account is the public half of the key. */
export const SERVICE = "mlstack";
/** One that is locked asks its user, who may not be there. */
const WAIT_MS = 60_000;

/**
 * The keychain of the user who is logged in; undefined where it was turned off. In CI nothing new is put into it.
 *
 * Its library is a native one, that may not be there, and whose calls can't be taken back: one that waits for its user keeps a process from ending.
 * So a process of its own is started for each call, and killed when that takes too long. What is asked and answered goes through pipes.
 */
export function systemKeychain(env: Readonly<Record<string, string | undefined>>, waitMs: number = WAIT_MS): Keychain | undefined {
  if (env[KEYCHAIN_VARIABLE] === "off") return undefined;
  async function ask(request: KeychainRequest): Promise<string | undefined> {
    if (process.platform === "linux" && !hasSession(env)) throw new Error("this session has none: there is no D-Bus here");
    const answer = await answerOf(request, env, waitMs);
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer.text ?? undefined;
  }
  return {
    takesNew: !isCI(env),
    get: (account) => ask({ call: "get", service: SERVICE, account }),
    async set(account, text) { await ask({ call: "set", service: SERVICE, account, text }); },
    async delete(account) { await ask({ call: "delete", service: SERVICE, account }); },
  };
}

function answerOf(request: KeychainRequest, env: Readonly<Record<string, string | undefined>>, waitMs: number): Promise<KeychainAnswer> {
  return new Promise((done) => {
    const child = spawn(process.execPath, [program()], { env: { ...env }, stdio: ["pipe", "pipe", "ignore"], windowsHide: true });
    const parts: Buffer[] = [];
    let isLate = false;
    const timer = setTimeout(() => { isLate = true; child.kill("SIGKILL"); }, waitMs);
    child.stdout.on("data", (part: Buffer) => parts.push(part));
    // one that could not be started, or has ended already, says so by its end
    child.stdin.on("error", () => undefined);
    child.once("error", (e) => { clearTimeout(timer); done({ error: e.message }); });
    child.once("close", () => {
      clearTimeout(timer);
      if (isLate) { done({ error: `it has not answered for ${Math.round(waitMs / 1000)} seconds: it may wait to be unlocked` }); return; }
      try { done(JSON.parse(Buffer.concat(parts).toString("utf8")) as KeychainAnswer); } catch { done({ error: "what asks it has ended without an answer" }); }
    });
    child.stdin.end(JSON.stringify(request));
  });
}

function program(): string {
  return [join(packageDir, "dist", "secrets", "keychain-main.js"), join(packageDir, "src", "secrets", "keychain-main.ts")].find((path) => existsSync(path))!;
}

/** Whether there is a bus on which a Secret Service may be: its library says so in many words that help nobody. */
function hasSession(env: Readonly<Record<string, string | undefined>>): boolean {
  const [address = "", runtime = ""] = [env["DBUS_SESSION_BUS_ADDRESS"], env["XDG_RUNTIME_DIR"]];
  return address !== "" || (runtime !== "" && existsSync(join(runtime, "bus")));
}
