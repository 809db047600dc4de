import { readFileSync } from "node:fs";
import { MlstackError } from "@mlstack/core";
import type { DoctorLine } from "../doctor/line.ts";
import { machineLines } from "../doctor/machine.ts";
import { projectLines } from "../doctor/project.ts";
import { errorDocument } from "../ui/error-document.ts";
import { count } from "../ui/format.ts";
import { stderr, stdout, writeJson, type GlobalFlags } from "../ui/output.ts";
import { pad } from "../ui/terminal.ts";

const COLOR = { ok: "green", warning: "yellow", error: "red" } as const;

/** `mlstack doctor`: looks at what pipelines need here, changes nothing, and asks no service. */
export async function doctor(flags: GlobalFlags): Promise<void> {
  const { engines } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { engines: { node: string } };
  const { project, lines: rest } = await projectLines(flags);
  reportLines("doctor", project, [...machineLines({ env: process.env }, engines.node), ...rest], flags);
}

/** Prints what a doctor has found, and sets the exit code: MLS7022 where something is an error. */
export function reportLines(command: "doctor" | "integration-doctor", project: string, lines: readonly DoctorLine[], flags: GlobalFlags): void {
  const errors = lines.filter((l) => l.status === "error").length;
  const warnings = lines.filter((l) => l.status === "warning").length;
  const failure = errors === 0 ? undefined : new MlstackError("MLS7022", count(errors, "error"), { fix: "do what the lines marked error say", details: { errors, warnings } });
  if (flags.json === true) writeJson(command, { project, checks: lines.map(({ fix, ...line }) => ({ ...line, fix: fix ?? null })) }, [], failure === undefined ? undefined : errorDocument(failure));
  else {
    print(lines, flags);
    if (failure === undefined && flags.quiet !== true) stderr(flags).line(warnings === 0 ? "all is well" : `${count(warnings, "warning")}, no errors`);
    else if (failure !== undefined) stderr(flags).line(`${count(errors, "error")}, ${count(warnings, "warning")}`);
  }
  if (failure !== undefined) process.exitCode = failure.exitCode;
}

function print(lines: readonly DoctorLine[], flags: GlobalFlags): void {
  const t = stdout(flags);
  const width = Math.max(...lines.map((l) => l.name.length));
  for (const { name, status, message, fix } of lines) {
    if (t.plain) { t.line([status, name, message, fix ?? ""].join("\t")); continue; }
    t.line(`${t.style(pad(status, 7), COLOR[status])}  ${pad(name, width)}  ${message}`);
    if (fix !== undefined) t.line(t.style(`${" ".repeat(9 + width)}  fix  ${fix}`, "dim"));
  }
}
