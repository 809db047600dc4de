import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { MlstackError } from "@mlstack/core";
import { askHidden, canAsk, type AskFlags } from "../ui/ask.ts";

/**
 * The value for a secret: of a file as it is, of stdin without the line break at its end, or asked for where a person sits at a terminal.
 * Never an argument: those are seen by everybody on the machine, and kept by the shell.
 *
 * @throws MLS7001 where stdin is a terminal and nobody may be asked; MLS7002 no such file; MLS8004 for what is no text; MLS4003 when asking was given up
 */
export async function secretValue(name: string, { fromFile, input }: Pick<AskFlags, "input"> & { readonly fromFile?: string | undefined }, cwd: string): Promise<string> {
  if (fromFile !== undefined) {
    const path = resolve(cwd, fromFile);
    let bytes: Buffer;
    try { bytes = readFileSync(path); } catch (cause) { throw new MlstackError("MLS7002", `the file ${JSON.stringify(fromFile)} can't be read`, { why: `looked at ${path}`, fix: "name a file that is there", cause }); }
    return textOf(bytes, name);
  }
  if (canAsk({ input })) return askHidden(`value of ${name} (it is not shown): `);
  // what would be typed now would be seen, and a script would wait for ever
  if (!input && process.stdin.isTTY) throw new MlstackError("MLS7001", `there is no value for ${JSON.stringify(name)}`, { why: "--no-input is given, and stdin is a terminal", fix: `printf %s "$VALUE" | mlstack secret set ${name}, or --from-file FILE` });
  const parts: Buffer[] = [];
  for await (const part of process.stdin as AsyncIterable<Buffer | string>) parts.push(Buffer.from(part));
  return textOf(Buffer.concat(parts), name).replace(/\r?\n$/, "");
}

function textOf(bytes: Uint8Array, name: string): string {
  try { return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes); } catch { throw new MlstackError("MLS8004", `the value of ${JSON.stringify(name)} is no text`, { why: "secrets are UTF-8", fix: "encode it as base64" }); }
}
