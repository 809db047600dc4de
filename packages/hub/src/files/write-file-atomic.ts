import { randomUUID } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/**
 * Writes a file whole: who reads it sees the old or the new one, also after a crash. The folder must exist. A link is replaced by a file.
 *
 * @param options.durable whether it is on the disk when this returns; true by default, false for what only saves time
 */
export async function writeFileAtomic(path: string, data: string | Uint8Array, { durable = true }: { readonly durable?: boolean } = {}): Promise<void> {
  const partial = join(dirname(path), `.${basename(path)}.${process.pid}-${randomUUID().slice(0, 8)}.tmp`);
  try {
    const file = await open(partial, "wx");
    try {
      await file.writeFile(data);
      if (durable) await file.sync();
    } finally { await file.close(); }
    await rename(partial, path);
  } catch (e) {
    await rm(partial, { force: true });
    throw e;
  }
  if (durable) await syncFolder(dirname(path));
}

/** A rename lasts when its folder is on the disk; not every system lets a folder be opened, and there it needs no such help. */
async function syncFolder(dir: string): Promise<void> {
  try {
    const folder = await open(dir, "r");
    try { await folder.sync(); } finally { await folder.close(); }
  } catch { /* Windows */ }
}
