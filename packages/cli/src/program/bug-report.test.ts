import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { MlstackError } from "@mlstack/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { buildProgram } from "../program.ts";
import { isBug } from "../ui/errors.ts";
import { bugReport, toldWords, writeBugReport } from "./bug-report.ts";

let dir: string;
beforeEach(() => { dir = mkdtempSync(join(tmpdir(), "mlstack-bug-")); });
afterEach(() => { rmSync(dir, { recursive: true, force: true }); });
const program = buildProgram();

test.each([
  ["run pipelines/train.ts -p token=hunter --param=token=hunter --json", "run … -p … --param … --json"],
  ["--cwd /home/me run list --limit 3 --plain", "--cwd … run list --limit … --plain"],
  ["secret set db-password hunter2 --from-file list", "secret set … … --from-file …"],
  ["stack ls --nonsense=hunter -x hunter -- --json", "stack ls … … … … --json"],
  ["run -ptoken=hunter list", "run -p … list"],
  ["hunter run", "… …"],
])("of %j only commands and names of flags are told", (line, told) => {
  expect(toldWords(program, line.split(" ")).join(" ")).toBe(told);
});

test("a report has what is needed to look for the bug, and no value of a secret", () => {
  const cause = new TypeError("https://me:hunter-in-url@example.com refused hunter-in-variable");
  const text = bugReport(new Error("no hunter-as-value here", { cause }), { argv: ["run", "p.ts", "-p", "x=hunter-as-value"], program, env: { DB_PASSWORD: "hunter-in-variable", PATH: "/bin" } });
  expect(text).not.toContain("hunter");
  for (const part of [`mlstack   ${program.version()}`, `node      ${process.version}`, `platform  ${process.platform}`, "command   mlstack run … -p …\n", "Error: no [secret] here", "caused by TypeError: https://[secret]@example.com refused [secret]", "bug-report.test.ts:"]) expect(text).toContain(part);
});

test("it is written into the state folder where there is one, else into the temporary folder, for this user alone", async () => {
  const temp = join(dir, "temp");
  const write = () => writeBugReport(new Error("x"), { argv: ["run", "list", "--cwd", dir], program, env: {}, temp });
  const first = await write();
  expect([dirname(first!), readdirSync(dir)]).toEqual([temp, ["temp"]]);
  mkdirSync(join(dir, ".mlstack"));
  const second = await write();
  expect(dirname(second!)).toBe(join(dir, ".mlstack", "reports"));
  expect(readFileSync(second!, "utf8")).toContain("command   mlstack run list --cwd …");
  if (process.platform !== "win32") expect(statSync(second!).mode & 0o777).toBe(0o600);
  if (process.platform === "win32" || process.getuid?.() === 0) return;
  chmodSync(join(dir, ".mlstack", "reports"), 0o500);
  expect(dirname((await write())!)).toBe(temp);
});

test("where nothing can be written there is none, and nothing is thrown", async () => {
  expect(await writeBugReport(new Error("x"), { argv: ["--cwd"], program, env: {}, temp: join(import.meta.filename, "below") })).toBeUndefined();
});

test("a user's mistake is no bug", () => {
  expect([new MlstackError("MLS7001", "x"), new MlstackError("MLS9001", "x"), new Error("x"), "x"].map(isBug)).toEqual([false, true, true, true]);
});
