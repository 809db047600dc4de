import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { languageOf, processEnv, stepEnv, stepZone, USUAL_ZONE, zoneOfProcess } from "./zone.ts";

const before = process.env["TZ"];
beforeEach(() => { process.env["TZ"] = "Asia/Tokyo"; });
afterEach(() => { if (before === undefined) delete process.env["TZ"]; else process.env["TZ"] = before; });

/** What a new process says of itself, that is given these variables. */
const inProcess = (env: Record<string, string | undefined>): string => execFileSync(process.execPath, ["--input-type=module", "-e", `const { zoneOfProcess } = await import(${JSON.stringify(join(import.meta.dirname, "zone.ts"))}); console.log(zoneOfProcess());`], { env, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
const user = { PATH: process.env["PATH"], TZ: "Europe/Berlin", LANG: "de_DE.UTF-8", LC_ALL: "fr_FR.UTF-8", LC_TIME: "de_DE.UTF-8" };

test("the zone of this process follows its variable", () => {
  expect(zoneOfProcess()).toMatch(/^Asia\/Tokyo \S+$/);
  process.env["TZ"] = "UTC";
  expect(zoneOfProcess()).toMatch(/^UTC \S+$/);
});

test.skipIf(process.platform === "win32").each<[string, readonly string[], string]>([
  ["nothing", [], USUAL_ZONE], ["a variable that decides neither", ["PATH"], USUAL_ZONE], ["the zone", ["TZ"], "Europe/Berlin en-US"], ["the language", ["LANG"], "UTC de-DE"], ["all of it", ["TZ", "LANG", "LC_ALL"], "Europe/Berlin fr-FR"],
])("a step process whose step declares %s", (_, declared, zone) => {
  expect(inProcess(processEnv(user, stepEnv(declared, user)))).toBe(zone);
});

test.skipIf(process.platform === "win32")("a step that ran in another zone is run in that again", () => {
  expect(inProcess(processEnv(user, stepEnv([], user, "Asia/Tokyo ja-JP")))).toBe("Asia/Tokyo ja-JP");
});

test("what a step process will run in is known before", () => {
  const [, language] = zoneOfProcess().split(" ");
  expect([stepZone([], false), stepZone(["TZ"], false), stepZone(["LC_ALL"], false)]).toEqual([USUAL_ZONE, "Asia/Tokyo en-US", `UTC ${language}`]);
});

test("workers with another language are other workers, with another zone they are not", () => {
  expect(languageOf(stepEnv(["LANG"], user))).not.toBe(languageOf(stepEnv([], user)));
  expect(languageOf(stepEnv(["TZ"], user))).toBe(languageOf(stepEnv([], user)));
});
