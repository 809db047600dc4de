import { randomUUID } from "node:crypto";
import { closeSync, fsyncSync, linkSync, openSync, readFileSync, rmSync, statSync, writeSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { MlstackError } from "@mlstack/core";
import { fsError, isMissing, makeFolder } from "../local/fs-errors.ts";

/** What opens secrets, in place of the key file: where there is none, such as in CI. Holds what that file holds. */
export const KEY_VARIABLE = "MLSTACK_SECRETS_KEY";

type Env = Readonly<Record<string, string | undefined>>;

/** A key, and where it came from, for messages. */
export interface SecretKey {
  /** `AGE-SECRET-KEY-1…`. */
  readonly identity: string;
  /** `age1…`: who may open what is encrypted for it. */
  readonly recipient: string;
  readonly from: string;
}

/** The key file of this user. Outside of any project: who gets the project's folder, or a backup of it, does not get the key. */
export function keyFileOf(env: Env): string {
  const given = process.platform === "win32" ? env["APPDATA"] : env["XDG_CONFIG_HOME"];
  const home = env["HOME"] ?? env["USERPROFILE"];
  return join(given === undefined || given === "" ? join(home === undefined || home === "" ? homedir() : home, ".config") : given, "mlstack", "secrets.key");
}

/**
 * The key that opens secrets; undefined where there is none.
 *
 * @throws MLS8001 for one that is no key, or that others can read
 */
export async function readKey(env: Env, file: string): Promise<SecretKey | undefined> {
  const variable = env[KEY_VARIABLE];
  if (variable !== undefined && variable !== "") return keyIn(variable, KEY_VARIABLE, `set it to what the key file holds (${file}), or unset it`);
  let text: string;
  try { text = readFileSync(file, "utf8"); } catch (e) {
    if (isMissing(e)) return undefined;
    throw fsError(e, "reading", file);
  }
  // as ssh does: a key that others read is no key
  if (process.platform !== "win32" && (statSync(file).mode & 0o077) !== 0) throw new MlstackError("MLS8001", `the key file ${file} can be read by others`, { why: "whoever has it can open this user's secrets", fix: `chmod 600 ${file}` });
  return keyIn(text, file, `put back a copy of it, or remove it and set the secrets again`);
}

/** The key that opens secrets; made, for this user alone, where there is none. */
export async function ensureKey(env: Env, file: string): Promise<SecretKey> {
  const found = await readKey(env, file);
  if (found !== undefined) return found;
  const age = await import("age-encryption");
  const identity = await age.generateX25519Identity();
  const text = `# Opens the secrets that mlstack keeps for this user. Keep a copy of this file in a safe place; never commit it.\n# public key: ${await age.identityToRecipient(identity)}\n${identity}\n`;
  const partial = `${file}.${process.pid}.${randomUUID()}`;
  try {
    makeFolder(dirname(file));
    const fd = openSync(partial, "wx", 0o600);
    try { writeSync(fd, text); fsyncSync(fd); } finally { closeSync(fd); }
    // two at once: one of them makes it
    try { linkSync(partial, file); } catch (e) { if ((e as { code?: string }).code !== "EEXIST") throw e; } finally { rmSync(partial, { force: true }); }
  } catch (e) { throw fsError(e, "writing", file); }
  return (await readKey(env, file))!;
}

/** The one identity of a text with comments, as age-keygen writes them. */
async function keyIn(text: string, from: string, fix: string): Promise<SecretKey> {
  const [identity, ...more] = text.split(/\r?\n/).map((line) => line.trim()).filter((line) => line !== "" && !line.startsWith("#"));
  const bad = (why: string, cause?: unknown) => new MlstackError("MLS8001", `${from} holds no key for secrets`, { why, fix, cause });
  if (identity === undefined || more.length > 0) throw bad(`a key is one line that begins with AGE-SECRET-KEY-1; it has ${identity === undefined ? "none" : `${more.length + 1} lines`}`);
  if (!/^AGE-SECRET-KEY-1[0-9A-Z]+$/i.test(identity)) throw bad("a key begins with AGE-SECRET-KEY-1; a password is none");
  const age = await import("age-encryption");
  let recipient: string;
  try { recipient = await age.identityToRecipient(identity); } catch { throw bad("its check digits do not fit: a letter is wrong or missing"); }
  return { identity, recipient, from };
}
