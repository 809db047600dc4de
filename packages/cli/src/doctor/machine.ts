import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { availableParallelism, tmpdir, totalmem } from "node:os";
import { satisfies } from "./node-range.ts";
import { bytes, duration } from "../ui/format.ts";
import { error, ok, warning, type DoctorLine, type Patient } from "./line.ts";

/** How far the clock of files may be from that of the process, in milliseconds. */
const CLOCK_MS = 2000;

/** Node, the machine, and what else is called node here. */
export function machineLines({ env }: Pick<Patient, "env">, range: string): DoctorLine[] {
  return [nodeLine(range), ...otherNodes(env, range), ok("platform", `${process.platform} ${process.arch}, ${availableParallelism()} cores, ${bytes(totalmem())} of memory`), clockLine()];
}

function nodeLine(range: string): DoctorLine {
  const version = process.version.slice(1);
  return satisfies(version, range) ? ok("node", `${version} (${process.execPath})`) : error("node", `${version} (${process.execPath}), and mlstack needs ${range}`, "install Node 24");
}

/** The first `node` in PATH runs package scripts and bins; where it is an old one, they fail in ways that do not name the reason. */
function otherNodes(env: Patient["env"], range: string): DoctorLine[] {
  const name = process.platform === "win32" ? "node.exe" : "node";
  const first = (env["PATH"] ?? env["Path"] ?? "").split(delimiter).filter((folder) => folder !== "").map((folder) => join(folder, name)).find((path) => existsSync(path));
  if (first === undefined) return [warning("node in PATH", "there is none", `add ${dirname(process.execPath)} to PATH: package scripts look for node there`)];
  if (first === process.execPath) return [];
  const { stdout } = spawnSync(first, ["--version"], { encoding: "utf8", timeout: 10_000 });
  const version = /^v(\d+\.\d+\.\d+)/.exec(stdout ?? "")?.[1];
  if (version === undefined || satisfies(version, range)) return [];
  return [warning("node in PATH", `the first one is ${version} (${first}), and mlstack needs ${range}`, "put a newer Node before it in PATH: npx, bins and package scripts use the first")];
}

/**
 * Files get their times from the file system; where its clock is another one, what was changed meanwhile can't be told.
 *
 * @param now the clock of the process, in milliseconds since 1970
 * @param within the folder for temporary files
 */
export function clockLine(now: () => number = Date.now, within: string = tmpdir()): DoctorLine {
  const shown = new Date(now()).toISOString();
  if (new Date(now()).getUTCFullYear() < 2026) return error("clock", `it says ${shown}`, "set the clock: times of runs and files are wrong");
  const folder = mkdtempIn(within);
  if (folder === undefined) return error("clock", `the folder for temporary files (${within}) can't be written`, "make it writable, or set TMPDIR");
  const written = statSync(folder).mtimeMs;
  rmSync(folder, { recursive: true, force: true });
  const away = Math.abs(now() - written);
  return away > CLOCK_MS ? warning("clock", `that of the file system is ${duration(away)} away`, "set both by the same time server") : ok("clock", shown);
}

function mkdtempIn(folder: string): string | undefined {
  try { return mkdtempSync(join(folder, "mlstack-doctor-")); } catch { return undefined; }
}
