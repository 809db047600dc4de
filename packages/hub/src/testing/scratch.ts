import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A temporary folder of a test. */
export interface Scratch {
  /** Its real path. */
  readonly dir: string;
  /** Writes files below it. */
  put(files: Readonly<Record<string, string | Uint8Array>>): void;
  remove(): void;
}

export function scratch(): Scratch {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), "mlstack-hub-")));
  return {
    dir,
    put(files) {
      for (const [path, data] of Object.entries(files)) {
        mkdirSync(dirname(join(dir, path)), { recursive: true });
        writeFileSync(join(dir, path), data);
      }
    },
    remove: () => { rmSync(dir, { recursive: true, force: true, maxRetries: 3 }); },
  };
}
