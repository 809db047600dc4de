/** When a pipeline is to be run, by an orchestrator that can. Declared with the pipeline; data in its plan. */
export type Schedule = CronSchedule | IntervalSchedule;

interface ScheduleCommon {
  /** Whether times that passed while the engine was away are made up for; false by default. */
  readonly catchUp?: boolean | undefined;
}

export interface CronSchedule extends ScheduleCommon {
  /** Five fields, in `timeZone`. */
  readonly cron: string;
  /** An IANA name; UTC by default. */
  readonly timeZone?: string | undefined;
}

export interface IntervalSchedule extends ScheduleCommon {
  /** From one start to the next, in milliseconds: whole minutes. */
  readonly everyMs: number;
}
