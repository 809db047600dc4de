import { gzipSync } from "node:zlib";

/** An entry of a tarball, of any kind that the format has, so that tests can make what no packer would. */
export interface TarEntry {
  readonly path: string;
  readonly content?: string | Uint8Array;
  /** `0` file (default), `1` hard link, `2` symbolic link, `3` and `4` devices, `5` folder, `6` FIFO, `x` extended header, `L` long name. */
  readonly type?: string;
  readonly linkpath?: string;
  readonly mode?: number;
}

/** A tarball as npm makes it, in memory. */
export function tarball(entries: readonly TarEntry[]): Uint8Array {
  return gzipSync(tarArchive(entries));
}

export function tarArchive(entries: readonly TarEntry[]): Uint8Array {
  return Buffer.concat([...entries.flatMap(blocksOf), Buffer.alloc(1024)]);
}

/** The files of a package below `package/`. */
export function packed(files: Readonly<Record<string, string | Uint8Array>>, folder = "package"): Uint8Array {
  return tarball(Object.entries(files).map(([path, content]) => ({ path: `${folder}/${path}`, content })));
}

function blocksOf({ path, content = "", type = "0", linkpath = "", mode = 0o644 }: TarEntry): Uint8Array[] {
  const body = Buffer.from(content);
  const header = Buffer.alloc(512);
  const put = (text: string, at: number): void => { header.write(text, at, "utf8"); };
  if (Buffer.byteLength(path) > 100) return [...blocksOf({ path: "././@LongLink", content: `${path}\0`, type: "L" }), ...blocksOf({ path: Buffer.from(path).subarray(0, 99).toString("latin1"), content, type, linkpath, mode })];
  put(path, 0);
  put(`${mode.toString(8).padStart(7, "0")}\0`, 100);
  put("0000000\0".repeat(2), 108);
  put(`${body.length.toString(8).padStart(11, "0")}\0`, 124);
  put("00000000000\0", 136);
  put("        ", 148);
  put(type, 156);
  put(linkpath, 157);
  put("ustar\u000000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  put(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return [header, body, Buffer.alloc((512 - (body.length % 512)) % 512)];
}
