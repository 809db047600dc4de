import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/** A local artifact store, looked at from outside. */
export interface StoreState {
  /** Blobs whose content is not what their name says. */
  readonly damaged: readonly string[];
  /** Action entries by key: output name → identity. */
  readonly entries: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Entries with an output of which some bytes are not there. */
  readonly dangling: readonly string[];
}

const filesBelow = (dir: string): string[] => (existsSync(dir) ? readdirSync(dir, { recursive: true, withFileTypes: true }).filter((e) => e.isFile()).map((e) => join(e.parentPath, e.name)) : []);

export function storeState(stateDir: string): StoreState {
  const store = join(stateDir, "store");
  const damaged = filesBelow(join(store, "cas")).filter((f) => createHash("sha256").update(readFileSync(f)).digest("hex") !== f.slice(-64));
  const blob = (digest: string) => join(store, "cas", "sha256", digest.slice(0, 2), digest);
  const entries: Record<string, Record<string, string>> = {};
  const dangling: string[] = [];
  // besides entries there are marks of executions that differed
  for (const file of filesBelow(join(store, "ac", "v1")).filter((path) => !path.includes(".nd"))) {
    const entry = JSON.parse(readFileSync(file, "utf8")) as { key: string; outputs: Record<string, { manifest: string; identity: string }> };
    entries[entry.key] = Object.fromEntries(Object.entries(entry.outputs).map(([n, o]) => [n, o.identity]));
    for (const { manifest } of Object.values(entry.outputs)) {
      const files = existsSync(blob(manifest)) ? (JSON.parse(readFileSync(blob(manifest), "utf8")) as { files: { sha256: string; size: number }[] }).files : undefined;
      if (files === undefined || files.some((f) => !existsSync(blob(f.sha256)) || statSync(blob(f.sha256)).size !== f.size)) dangling.push(entry.key);
    }
  }
  return { damaged, entries, dangling };
}
