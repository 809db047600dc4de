import { statSync, type BigIntStats } from "node:fs";

/** Size, times and inode of a file: the same as long as nobody has written to it, since the change time can't be set. `gone` where it is not there. */
export function fileState(path: string): string {
  return stateOf(statSync(path, { bigint: true, throwIfNoEntry: false }));
}

export const stateOf = (stat: BigIntStats | undefined): string => (stat === undefined ? "gone" : `${stat.size}:${stat.mtimeNs}:${stat.ctimeNs}:${stat.ino}`);
