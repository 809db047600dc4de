import { randomUUID } from "node:crypto";
import { closeSync, fsyncSync, linkSync, openSync, readFileSync, rmSync, statSync, writeSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { MlstackError } from "@mlstack/core";
import { fsError, isMissing, makeFolder } from "../local/fs-errors.ts";
import { KEYCHAIN_VARIABLE, SERVICE, type Keychain } from "./keychain.ts";

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

/** Where the key is looked for, and made. */
export interface KeyPlaces {
  readonly env: Env;
  /** Holds the key, or says that it is in the keychain. */
  readonly file: string;
  /** Left out where the key is to be in the file. */
  readonly keychain?: Keychain | undefined;
}

/**
 * The key that opens secrets; undefined where there is none. The keychain is asked only where the key file says that the key is there.
 *
 * @throws MLS8001 for one that is no key, that others can read, or that the keychain does not give
 */
export async function readKey({ env, file, keychain }: KeyPlaces): Promise<SecretKey | undefined> {
  const variable = env[KEY_VARIABLE];
  if (variable !== undefined && variable !== "") return keyIn(variable, KEY_VARIABLE, `set it to what the key file holds (${file}), or unset it`);
  let text: string;
  try { text = readFileSync(file, "utf8"); } catch (e) {
    if (isMissing(e)) return undefined;
    throw fsError(e, "reading", file);
  }
  const account = POINTER.exec(text)?.[1];
  if (account !== undefined) return keyInKeychain(account, keychain, file);
  // as ssh does: a key that others read is no key
  if (process.platform !== "win32" && (statSync(file).mode & 0o077) !== 0) throw new MlstackError("MLS8001", `the key file ${file} can be read by others`, { why: "whoever has it can open this user's secrets", fix: `chmod 600 ${file}` });
  return keyIn(text, file, `put back a copy of it, or remove it and set the secrets again`);
}

/** Says, in the place of a key, that it is in the keychain, and under which account: its public half. */
const POINTER = /^keychain:(age1[0-9a-z]+)\s*$/m;

async function keyInKeychain(account: string, keychain: Keychain | undefined, file: string): Promise<SecretKey> {
  const not = (why: string, cause?: unknown) => new MlstackError("MLS8001", "the key for secrets is in the keychain of this system, and can't be had from there", { why, fix: `log in to a session with a keychain, and unlock it; or set ${KEY_VARIABLE} to the key`, details: { account, file }, cause });
  if (keychain === undefined) throw not(`${KEYCHAIN_VARIABLE} is off; ${file} says that the key is there`);
  let text: string | undefined;
  try { text = await keychain.get(account); } catch (cause) { throw not(`it says: ${messageOf(cause)}`, cause); }
  if (text === undefined) throw not(`it has none for ${SERVICE}, ${account}; ${file} says that it has`);
  const key = await keyIn(text, "the keychain", `put back the key of ${account}, or remove ${file} and set the secrets again`);
  if (key.recipient !== account) throw not(`what it has for ${account} is the key ${key.recipient}`);
  return key;
}

/** A key that was made just now: where it is, in words for the person whose secrets it opens. */
export interface EnsuredKey { readonly key: SecretKey; readonly made?: string | undefined }

/**
 * The key that opens secrets. Where there is none it is made: in the keychain, or, where that does not take it, in the key file, for this user alone.
 *
 * @throws as `readKey`; MLS3004, MLS3005
 */
export async function ensureKey(places: KeyPlaces): Promise<EnsuredKey> {
  const found = await readKey(places);
  if (found !== undefined) return { key: found };
  const { file, keychain } = places;
  const age = await import("age-encryption");
  const identity = await age.generateX25519Identity();
  const recipient = await age.identityToRecipient(identity);
  const refused = keychain?.takesNew === true ? await keptIn(keychain, recipient, identity) : "";
  const text = refused === undefined
    ? `# The key that opens the secrets which mlstack keeps for this user is in the keychain of this system: service ${SERVICE}, account as below.\nkeychain:${recipient}\n`
    : `# Opens the secrets that mlstack keeps for this user. Keep a copy of this file in a safe place; never commit it.\n# public key: ${recipient}\n${identity}\n`;
  const isMine = writeOnce(file, text);
  // two at once: one of them makes it
  if (!isMine && refused === undefined) await keychain!.delete(recipient).catch(() => undefined);
  const key = (await readKey(places))!;
  if (!isMine) return { key };
  const made = refused === undefined ? `the key that opens secrets is in the keychain of this system (${SERVICE}, ${recipient})` : `the key that opens secrets is in ${file}, which only you can read: keep a copy${refused === "" ? "" : `. It is not in a keychain: ${refused}`}`;
  return { key, made };
}

/** Puts a key into the keychain, and looks whether it is there. Returns why it is not. */
async function keptIn(keychain: Keychain, account: string, identity: string): Promise<string | undefined> {
  try {
    await keychain.set(account, identity);
    return (await keychain.get(account)) === identity ? undefined : "what it gave back is not what was put there";
  } catch (e) { return messageOf(e).split("\n", 1)[0]!; }
}

/** Writes a file for this user alone, as a whole, unless it is there. Says whether it was not. */
function writeOnce(file: string, text: string): boolean {
  const partial = `${file}.${process.pid}.${randomUUID()}`;
  try {
    makeFolder(dirname(file));
    const fd = openSync(partial, "wx", 0o600);
    try { writeSync(fd, text); fsyncSync(fd); } finally { closeSync(fd); }
    try { linkSync(partial, file); return true; } catch (e) {
      if ((e as { code?: string }).code !== "EEXIST") throw e;
      return false;
    } finally { rmSync(partial, { force: true }); }
  } catch (e) { throw fsError(e, "writing", file); }
}

const messageOf = (e: unknown): string => (e instanceof Error ? e.message : String(e));

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
