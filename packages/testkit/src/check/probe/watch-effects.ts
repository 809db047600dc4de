import childProcess from "node:child_process";
import dgram from "node:dgram";
import dns from "node:dns";
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import net from "node:net";
import { resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { ImportEffect } from "../import-report.ts";
import { ownerOf } from "./owner.ts";

type Call = (this: unknown, ...args: readonly unknown[]) => unknown;
type Holder = Record<string, unknown>;

/** Functions of node:fs that change something; the first argument says what. */
const WRITES = /^(?:append|chmod|chown|copyFile|cp|createWriteStream|fchmod|fchown|ftruncate|futimes|lchmod|lchown|link|lutimes|mkdir|mkdtemp|rename|rm|rmdir|symlink|truncate|unlink|utimes|write)/;
/** Those that read or watch. `exists` and `stat` tell something of the machine, too. */
const READS = /^(?:access|createReadStream|exists|lstat|open|opendir|read|readdir|readFile|readlink|realpath|stat|statfs|watch)/;

/**
 * Watches what is done from now on: connections, processes, files, variables, timers.
 *
 * Sockets and processes count whoever asks for them. Files and variables count where a module of the plugin itself asks: Node's own loader reads files
 * through the same functions, and core and zod are known.
 *
 * @param dir the plugin's folder; reading in it is no effect
 */
export function watchEffects(dir: string): { end(): readonly ImportEffect[] } {
  const effects = new Map<string, ImportEffect>();
  const add = (kind: ImportEffect["kind"], what: string): void => { effects.set(what, { kind, what }); };
  const restores: (() => void)[] = [];
  // who asks is found out by reading files
  let looking = false;
  const isOwn = (): boolean => {
    if (looking) return false;
    looking = true;
    try { return callerIn(dir); } finally { looking = false; }
  };
  const wrap = (holder: object, name: string, before: (args: readonly unknown[]) => void): void => {
    const members = holder as Holder;
    const original = members[name];
    if (typeof original !== "function") return;
    const wrapped: Call = function (...args) {
      before(args);
      return Reflect.apply(original, this, args) as unknown;
    };
    // promisified forms, `fs.realpath.native` and the like stay reachable
    Object.defineProperties(wrapped, Object.fromEntries(Object.entries(Object.getOwnPropertyDescriptors(original)).filter(([key]) => key !== "prototype")));
    for (const symbol of Object.getOwnPropertySymbols(original)) Object.defineProperty(wrapped, symbol, Object.getOwnPropertyDescriptor(original, symbol)!);
    members[name] = wrapped;
    restores.push(() => { members[name] = original; });
  };

  wrap(net.Socket.prototype, "connect", (args) => { add("socket", `connects to ${addressOf(args)}`); });
  wrap(globalThis, "fetch", ([request]) => { add("socket", `asks ${request instanceof Request ? request.url : String(request)}`); });
  wrap(net.Server.prototype, "listen", () => { add("socket", "listens on a port"); });
  wrap(dgram.Socket.prototype, "bind", () => { add("socket", "listens on a port (UDP)"); });
  wrap(dgram.Socket.prototype, "send", () => { add("socket", "sends a datagram"); });
  for (const holder of [dns, dns.promises]) for (const name of Object.keys(holder).filter((key) => /^(?:lookup|resolve|reverse)/.test(key))) wrap(holder, name, ([host]) => { if (isOwn()) add("socket", `looks up ${String(host)}`); });
  for (const name of ["spawn", "spawnSync", "exec", "execSync", "execFile", "execFileSync", "fork"]) wrap(childProcess, name, ([program]) => { add("process", `starts ${String(program)}`); });
  for (const holder of [fs, fs.promises]) {
    for (const name of Object.keys(holder)) {
      const writes = WRITES.test(name);
      if (!writes && !READS.test(name)) continue;
      wrap(holder, name, ([path]) => {
        const file = pathOf(path);
        if (file === undefined || !isOwn()) return;
        if (writes) add("file", `changes ${file}`);
        else if (file !== dir && !file.startsWith(dir + sep)) add("file", `reads ${file}`);
      });
    }
  }
  syncBuiltinESMExports();
  restores.push(syncBuiltinESMExports);

  const env = process.env;
  const note = (name: string | symbol, verb: string): void => { if (typeof name === "string" && isOwn()) add("env", `${verb} the variable ${name}`); };
  process.env = new Proxy(env, {
    get(target, name) { note(name, "reads"); return Reflect.get(target, name) as unknown; },
    has(target, name) { note(name, "reads"); return Reflect.has(target, name); },
    ownKeys(target) { if (isOwn()) add("env", "reads all variables"); return Reflect.ownKeys(target); },
    set(target, name, value) { note(name, "sets"); return Reflect.set(target, name, value); },
    deleteProperty(target, name) { note(name, "removes"); return Reflect.deleteProperty(target, name); },
  });
  restores.push(() => { process.env = env; });

  // made on first use, and no concern of the plugin's
  void [process.stdout, process.stderr];
  const before = { active: tally(process.getActiveResourcesInfo()), globals: new Set(Reflect.ownKeys(globalThis)), listeners: listeners() };
  return {
    end() {
      for (const restore of restores.toReversed()) restore();
      for (const [kind, count] of tally(process.getActiveResourcesInfo())) if (count > (before.active.get(kind) ?? 0) && kind !== "Immediate") add("timer", `leaves something running (${kind})`);
      for (const name of Reflect.ownKeys(globalThis)) if (typeof name === "string" && !before.globals.has(name)) add("global", `sets the global ${name}`);
      for (const [event, count] of listeners()) if (count > (before.listeners.get(event) ?? 0)) add("listener", `listens to the process's ${event}`);
      return [...effects.values()];
    },
  };
}

function listeners(): ReadonlyMap<string, number> {
  return new Map(process.eventNames().map((event) => [String(event), process.listenerCount(event)]));
}

function tally(words: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}

function addressOf(args: readonly unknown[]): string {
  // `connect` gets its arguments as a list when Node calls it itself
  const [first, second] = Array.isArray(args[0]) ? (args[0] as readonly unknown[]) : args;
  if (typeof first === "object" && first !== null) {
    const { host = "localhost", port, path } = first as { readonly host?: string; readonly port?: number; readonly path?: string };
    return path ?? `${host}:${String(port)}`;
  }
  return typeof first === "number" ? `${typeof second === "string" ? second : "localhost"}:${first}` : String(first);
}

function pathOf(value: unknown): string | undefined {
  if (value instanceof URL) return value.protocol === "file:" ? fileURLToPath(value) : undefined;
  return typeof value === "string" ? resolve(value) : Buffer.isBuffer(value) ? resolve(value.toString()) : undefined;
}

/** Whether a module of the package asks directly: the first frame outside of this file. */
function callerIn(dir: string): boolean {
  const { prepareStackTrace, stackTraceLimit } = Error;
  Error.stackTraceLimit = 12;
  Error.prepareStackTrace = (_, sites) => sites;
  const sites = new Error("").stack as unknown as readonly NodeJS.CallSite[];
  Object.assign(Error, { prepareStackTrace, stackTraceLimit });
  const files = sites.map((site) => site.getFileName() ?? undefined).filter((name) => name !== undefined);
  const own = files[0];
  const caller = files.find((name) => name !== own);
  if (caller === undefined || caller.startsWith("node:")) return false;
  const path = caller.startsWith("file:") ? fileURLToPath(caller) : caller;
  return ownerOf(path)?.dir === dir;
}
