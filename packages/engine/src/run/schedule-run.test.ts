import type { Schedule } from "@mlstack/core";
import type { Plan } from "@mlstack/pipeline";
import { expect, test } from "vitest";
import { LOCAL_STACK } from "../stack/stack.ts";
import { refuseSchedule } from "./schedule-run.ts";

const fixOf = (schedule: Schedule | undefined, dir: string, module: string | null = "src/p.ts", stack = "local"): string | undefined => {
  try { return refuseSchedule({ pipeline: { name: "p", module, schedule } } as unknown as Plan, { spec: { ...LOCAL_STACK, name: stack } }, dir); } catch (e) { return (e as { fix?: string }).fix; }
};

test("what can start it is a line that can be pasted, whatever the folder is called", () => {
  expect(fixOf({ cron: "0 6 * * *" }, "/srv/ml")).toBe("let cron run it: 0 6 * * * cd /srv/ml && npx mlstack run src/p.ts");
  expect(fixOf({ cron: "0 6 * * *", timeZone: "Europe/Berlin" }, "/srv/it's 100% mine", "a b.ts", "other")).toBe(String.raw`let cron run it, in the zone Europe/Berlin: 0 6 * * * cd '/srv/it'\''s 100\% mine' && npx mlstack run 'a b.ts' --stack other`);
  expect(fixOf({ everyMs: 30 * 60_000 }, "/srv", null)).toBe("let cron run it: */30 * * * * cd /srv && npx mlstack run FILE");
  expect(fixOf({ everyMs: 90 * 60_000 }, "/srv/100%")).toBe("let a timer of yours run it: cd /srv/100% && npx mlstack run src/p.ts");
  expect(fixOf(undefined, "/srv")).toContain("add schedule:");
});
