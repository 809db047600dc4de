import { accessSync, constants, existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { checkRecords } from "@mlstack/engine";
import { bytes, count } from "../ui/format.ts";
import { error, ok, warning, type DoctorLine, type Patient } from "./line.ts";

/** From here on, what lies half-written or laid out for debugging is told of. */
const MUCH = 100e6;

/** The project's state folder: whether it can be written, whether the records are sound, and what it holds. */
export function stateLines({ stateDir, dir }: Pick<Patient, "stateDir" | "dir">): DoctorLine[] {
  const where = existsSync(stateDir) ? stateDir : dir;
  try { accessSync(where, constants.W_OK | constants.R_OK); } catch { return [error("state folder", `${where} can't be written`, "make it writable, or set MLSTACK_STATE_DIR to a folder that is")]; }
  if (!existsSync(stateDir)) return [ok("state folder", `${stateDir} is made by the first run`)];
  const sizes = new Map(readdirSync(stateDir, { withFileTypes: true }).map((e) => [e.name, e.isDirectory() ? sizeOf(join(stateDir, e.name)) : { files: 1, bytes: statSync(join(stateDir, e.name), { throwIfNoEntry: false })?.size ?? 0 }]));
  const total = [...sizes.values()].reduce((sum, s) => sum + s.bytes, 0);
  const lines = [ok("state folder", `${stateDir}: ${bytes(total)}${sizes.has("store") ? `, ${bytes(sizes.get("store")!.bytes)} of it artifacts` : ""}`), recordsLine(join(stateDir, "records.db"))];
  for (const [name, what] of [["scratch", "folders of processes that are gone; the next run removes them"], ["debug", "steps that were laid out by mlstack debug"]] as const) {
    const found = sizes.get(name);
    if (found !== undefined && found.bytes > MUCH) lines.push(warning("leftovers", `${join(stateDir, name)}: ${bytes(found.bytes)} in ${count(found.files, "file")}, ${what}`, `remove ${join(stateDir, name)} when no run is going on`));
  }
  return lines;
}

function recordsLine(path: string): DoctorLine {
  if (!existsSync(path)) return ok("records", "none yet");
  const { problems, runs } = checkRecords(path);
  if (problems.length === 0) return ok("records", `sound, ${count(runs ?? 0, "run")}`);
  const mends = existsSync(`${path}.backup`) ? "nothing: the next run or list puts it aside and goes on with its copy, records.db.backup" : "stop all runs, put it aside and start anew: artifacts and the cache do not need it";
  return error("records", `${path} is damaged: ${problems.join("; ")}`, mends);
}

/** All below a folder; links are not followed, and what goes away meanwhile is not there. */
function sizeOf(folder: string): { readonly files: number; readonly bytes: number } {
  let [files, total] = [0, 0];
  const walk = (at: string): void => {
    let entries;
    try { entries = readdirSync(at, { withFileTypes: true }); } catch { return; }
    for (const entry of entries) {
      const path = join(at, entry.name);
      if (entry.isDirectory()) walk(path);
      else if (entry.isFile()) { files++; total += statSync(path, { throwIfNoEntry: false })?.size ?? 0; }
    }
  };
  walk(folder);
  return { files, bytes: total };
}
