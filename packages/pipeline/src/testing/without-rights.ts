/** A user without rights, `nobody` on most systems. */
const UID = 65534;

/** Does work as a user who may not do everything: tests are often run by one who may, and to whom nothing is closed. */
export async function withoutRights<T>(work: () => T | Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return work();
  process.seteuid?.(UID);
  try { return await work(); } finally { process.seteuid?.(0); }
}
