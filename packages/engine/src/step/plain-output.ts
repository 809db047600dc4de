import { writeSync } from "node:fs";
import { Writable } from "node:stream";

/** How long to wait before a descriptor that takes nothing now is tried again, in milliseconds. */
const AGAIN_MS = 2;

/**
 * Makes this process print by plain writes to its descriptors. Node's own streams set a pipe to non-blocking, for everybody who has it: then
 * native code, `writeSync(1, …)` and the processes that a step starts fail with EAGAIN when they print faster than it is read.
 */
export function plainOutput(): void {
  for (const [name, fd] of [["stdout", 1], ["stderr", 2]] as const) {
    const stream = Object.assign(new Writable({ decodeStrings: true, write(chunk: Buffer, _encoding, done) { writeAll(fd, chunk); done(); } }), { fd, isTTY: false });
    Object.defineProperty(process, name, { configurable: true, enumerable: true, get: () => stream });
  }
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.byteLength;) {
    try { at += writeSync(fd, bytes, at); } catch (e) {
      // whoever read it has gone, or the step has closed it
      if ((e as { code?: string }).code !== "EAGAIN") return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, AGAIN_MS);
    }
  }
}
