import { MlstackError, type Schedule } from "@mlstack/core";
import { describe } from "./arguments.ts";
import { checkKeys, type Invalid } from "./check-definition.ts";

const MINUTE = 60_000;

/** @throws what `invalid` makes, for a schedule of which it can't be said when it is due. What its fields say is looked at by `verifyCron` */
export function checkSchedule(schedule: unknown, invalid: Invalid): void {
  if (schedule === undefined) return;
  checkKeys("schedule", schedule, ["cron", "timeZone", "everyMs", "catchUp"], invalid);
  const { cron, timeZone, everyMs, catchUp } = schedule as Readonly<Record<string, unknown>>;
  const form = 'write schedule: { cron: "0 6 * * *", timeZone: "Europe/Berlin" }, or schedule: { everyMs: 3_600_000 }';
  if ((cron === undefined) === (everyMs === undefined)) throw invalid(cron === undefined ? "schedule says neither cron nor everyMs" : "schedule has both cron and everyMs", form);
  if (catchUp !== undefined && typeof catchUp !== "boolean") throw invalid(`catchUp of schedule is ${describe(catchUp)}`, "write catchUp: true, or leave it out");
  if (everyMs !== undefined) {
    if (!Number.isSafeInteger(everyMs) || (everyMs as number) < MINUTE || (everyMs as number) % MINUTE !== 0) throw invalid(`everyMs of schedule is ${describe(everyMs)}`, "write whole minutes in milliseconds, such as everyMs: 3_600_000");
    if (timeZone !== undefined) throw invalid("schedule has a timeZone beside everyMs", "leave timeZone out: an interval is the same everywhere");
    return;
  }
  if (typeof cron !== "string" || cron.trim().split(/\s+/).length !== 5) throw invalid(`cron of schedule is ${describe(cron)}`, 'write five fields, minute hour day month weekday: cron: "0 6 * * *"');
  if (timeZone !== undefined && !isTimeZone(timeZone)) throw invalid(`timeZone of schedule is ${describe(timeZone)}, which is not known`, 'write a name of the IANA\'s: timeZone: "Europe/Berlin"');
}

function isTimeZone(name: unknown): boolean {
  try { return typeof name === "string" && new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== ""; } catch { return false; }
}

/**
 * Looks at what the fields of a schedule say. Only who has one loads what reads them.
 *
 * @throws MLS1008
 */
export async function verifyCron(pipeline: string, schedule: Schedule | undefined): Promise<void> {
  if (schedule === undefined || !("cron" in schedule)) return;
  const invalid = (message: string, fix: string) => new MlstackError("MLS1008", `the pipeline "${pipeline}" is invalid: cron of schedule is ${describe(schedule.cron)}: ${message}`, { why: "its fields are minute hour day month weekday", fix });
  const { Cron } = await import("croner");
  let next: Date | null;
  try { next = new Cron(schedule.cron, { mode: "5-part", paused: true, timezone: schedule.timeZone ?? "UTC" }).nextRun(); } catch (e) {
    throw invalid(e instanceof Error ? e.message.replace(/^CronPattern: /, "") : String(e), 'write it like "0 6 * * 1-5"');
  }
  if (next === null) throw invalid("it is never due", "name a day that there is");
}
