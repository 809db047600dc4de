import { createHash } from "node:crypto";
import { MlstackError } from "@mlstack/core";
import { z } from "zod";
import type { SecretKey } from "./secret-key.ts";

/**
 * A secret as it lies on disk: an age file (https://age-encryption.org/v1) with what tells a wrong key from damaged bytes. What is encrypted
 * holds the name, too: a file that was put in the place of another is not taken for it.
 */
const sealed = z.strictObject({
  secretVersion: z.literal(1),
  changedAt: z.iso.datetime(),
  /** Who can open it: the key's public half. */
  recipient: z.string(),
  /** Of `age`, in hex. It keeps nobody from changing both; that is what the encryption finds. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  age: z.string(),
});
export type SealedSecret = z.output<typeof sealed>;

const content = z.strictObject({ name: z.string(), value: z.string() });

export async function sealSecret(name: string, value: string, key: SecretKey, changedAt: Date): Promise<string> {
  const { Encrypter, armor } = await import("age-encryption");
  const encrypter = new Encrypter();
  encrypter.addRecipient(key.recipient);
  const age = armor.encode(await encrypter.encrypt(JSON.stringify({ name, value } satisfies z.output<typeof content>)));
  return `${JSON.stringify({ secretVersion: 1, changedAt: changedAt.toISOString(), recipient: key.recipient, sha256: digest(age), age } satisfies SealedSecret, null, 2)}\n`;
}

/** @throws MLS8002 for what is not whole */
export function parseSealed(text: string, name: string, file: string): SealedSecret {
  let json: unknown;
  try { json = JSON.parse(text); } catch (cause) { throw damaged(name, file, "it is no JSON", cause); }
  const version = (json as { secretVersion?: unknown } | null)?.secretVersion;
  if (typeof version === "number" && version > 1) throw new MlstackError("MLS8002", `the secret ${JSON.stringify(name)} was written by a newer version of mlstack`, { why: `${file} is of version ${version}, this mlstack reads version 1`, fix: "use that version of mlstack" });
  const parsed = sealed.safeParse(json);
  if (!parsed.success) throw damaged(name, file, `${parsed.error.issues[0]?.path.join(".") || "it"}: ${parsed.error.issues[0]?.message ?? "invalid"}`);
  if (digest(parsed.data.age) !== parsed.data.sha256) throw damaged(name, file, "its bytes are not those that were written");
  return parsed.data;
}

/** @throws MLS8001 for another key than it was made for, MLS8002 for what is not whole */
export async function openSealed(given: SealedSecret, name: string, file: string, key: SecretKey): Promise<string> {
  const { Decrypter, armor } = await import("age-encryption");
  let text: string;
  try {
    const decrypter = new Decrypter();
    decrypter.addIdentity(key.identity);
    text = await decrypter.decrypt(armor.decode(given.age), "text");
  } catch (cause) {
    if (given.recipient !== key.recipient) throw wrongKey(name, given, key);
    throw damaged(name, file, "it can't be decrypted, though its key is there", cause);
  }
  const parsed = content.safeParse(jsonOf(text));
  if (!parsed.success || parsed.data.name !== name) throw damaged(name, file, "it holds another secret than its name says");
  return parsed.data.value;
}

function wrongKey(name: string, { recipient }: SealedSecret, key: SecretKey): MlstackError {
  return new MlstackError("MLS8001", `the secret ${JSON.stringify(name)} was made for another key`, { why: `it is for ${recipient}; the key in ${key.from} is ${key.recipient}`, fix: `use the key that it was made for, or set it again: mlstack secret set ${name}`, details: { secret: name, recipient, key: key.recipient } });
}

function damaged(name: string, file: string, what: string, cause?: unknown): MlstackError {
  return new MlstackError("MLS8002", `the secret ${JSON.stringify(name)} is damaged: ${what}`, { why: `looked at ${file}`, fix: `set it again: mlstack secret set ${name}`, details: { secret: name, file }, cause });
}

function jsonOf(text: string): unknown {
  try { return JSON.parse(text); } catch { return undefined; }
}

const digest = (text: string): string => createHash("sha256").update(text).digest("hex");
