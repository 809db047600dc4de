import { MlstackError, type Schedule } from "@mlstack/core";
import type { Plan } from "@mlstack/pipeline";
import type { Stack } from "../stack/stack.ts";

/**
 * Says why the stack can't start a pipeline by its schedule, and what can. No orchestrator is handed a plan as a whole yet.
 *
 * @throws MLS4010 where the pipeline declares no schedule; else MLS4031
 */
export function refuseSchedule({ pipeline: { name, module, schedule } }: Plan, { spec }: Pick<Stack, "spec">, projectDir: string): never {
  if (schedule === undefined) throw new MlstackError("MLS4010", `the pipeline "${name}" declares no schedule`, { fix: 'add schedule: { cron: "0 6 * * *", timeZone: "Europe/Berlin" } to pipeline({ … })' });
  const flavor = spec.components["orchestrator"]?.flavor ?? "none";
  const command = `cd ${quoted(projectDir)} && npx mlstack run ${module === null ? "FILE" : quoted(module)}${spec.name === "local" ? "" : ` --stack ${quoted(spec.name)}`}`;
  const cron = cronOf(schedule);
  throw new MlstackError("MLS4031", `the orchestrator "${flavor}" of the stack "${spec.name}" can't start runs by a schedule`, {
    why: "it starts steps while a run is going on, and nothing of it is there in between",
    fix: cron === undefined ? `let a timer of yours run it: ${command}` : `let cron run it${"timeZone" in schedule && schedule.timeZone !== undefined ? `, in the zone ${schedule.timeZone}` : ""}: ${cron} ${command.replaceAll("%", "\\%")}`,
    details: { pipeline: name, schedule: { ...schedule }, orchestrator: flavor },
  });
}

/** As a shell reads it back; crontab has a meaning of its own for a percent sign, too. */
const quoted = (text: string): string => (/^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`);

/** As a line of crontab, where it can be one. */
function cronOf(schedule: Schedule): string | undefined {
  if ("cron" in schedule) return schedule.cron;
  const minutes = schedule.everyMs / 60_000;
  if (minutes < 60 && 60 % minutes === 0) return `*/${minutes} * * * *`;
  const hours = minutes / 60;
  if (Number.isInteger(hours) && hours < 24 && 24 % hours === 0) return `0 */${hours} * * *`;
  return hours === 24 ? "0 0 * * *" : undefined;
}

/** A schedule on one line: `0 6 * * * Europe/Berlin`, `every 90 min`. */
export function scheduleText(schedule: Schedule): string {
  return "cron" in schedule ? `${schedule.cron} ${schedule.timeZone ?? "UTC"}` : `every ${schedule.everyMs / 60_000} min`;
}
