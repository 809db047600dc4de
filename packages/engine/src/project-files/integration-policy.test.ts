import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { integrationPolicy } from "./declared-policy.ts";

let dir: string;
beforeEach(() => { dir = mkdtempSync(join(tmpdir(), "mlstack-policy-")); });
afterEach(() => { rmSync(dir, { recursive: true, force: true }); });

const policy = (text: string) => {
  writeFileSync(join(dir, "mlstack.yaml"), text);
  return integrationPolicy(dir);
};

test("what a project may install", async () => {
  expect(await integrationPolicy(dir)).toEqual({});
  expect(await policy("version: 1\n")).toEqual({});
  expect(await policy('version: 1\nintegrations:\n  allowed: ["@acme", "@other/x", plain-plugin]\n  minimum_age_hours: 72\n  cooldown_hours: 0\n  allow_fresh: ["@acme"]\n')).toEqual({ allowed: ["@acme", "@other/x", "plain-plugin"], minimumAge: 72, cooldown: 0, allowFresh: ["@acme"] });
  expect((await policy("integrations: { allowed: [] }\n")).allowed).toEqual([]);
});

test.each([
  ["integrations: [a]\n", /integrations is a list/], ["integrations: { alowed: [] }\n", /"alowed", which is not known/], ["integrations: { minimum_age: 3 }\n", /"minimum_age", which is not known/], ["integrations: { minimum_age_hours: 3d }\n", /minimum_age_hours is the string "3d"/],
  ["integrations: { cooldown_hours: -1 }\n", /cooldown_hours is the number -1/], ["integrations: { cooldown_hours: .inf }\n", /cooldown_hours is the number/], ["integrations: { allowed: acme }\n", /allowed is no list of texts/], ["integrations: { allowed: [\"@Acme\"] }\n", /allowed has "@Acme"/], ["integrations: { allow_fresh: [\"https://x\"] }\n", /allow_fresh has/],
  ["policy: {}\n", /"policy", which is not known/],
])("%j is refused: a rule that nobody reads would be one that is not heeded", async (text, says) => {
  await expect(policy(text)).rejects.toMatchObject({ code: "MLS7004", exitCode: 2, message: expect.stringMatching(says) as string });
});
