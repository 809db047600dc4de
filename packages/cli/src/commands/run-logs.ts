import { iso, stderr, stdout, writeJson, type GlobalFlags } from "../ui/output.ts";
import { printable } from "../ui/terminal.ts";
import { withReader } from "./with-engine.ts";

/** `mlstack run logs RUN [STEP]`. */
export async function runLogs(id: string, step: string | undefined, flags: GlobalFlags): Promise<void> {
  await withReader(flags, async (engine) => {
    const run = await engine.records.run(id);
    if (step !== undefined) await engine.records.step(run.id, step);
    const lines = [];
    let count = 0;
    const t = stdout(flags);
    for await (const line of engine.logs.read(run.id, step)) {
      if (flags.json === true) lines.push({ step: line.node, attempt: line.attempt, time: iso(line.time), stream: line.stream, text: line.text });
      else { count++; for (const text of line.text.split("\n")) t.line(t.plain ? [iso(line.time), line.node, line.attempt, line.stream, printable(text)].join("\t") : `${t.style(`${iso(line.time)} ${line.node}${line.attempt > 1 ? `#${line.attempt}` : ""} |`, "dim")} ${printable(text)}`); }
    }
    if (flags.json === true) writeJson("run-logs", lines);
    else if (count === 0) stderr(flags).line(step === undefined ? "the run's steps printed nothing" : `the step ${step} printed nothing`);
  });
}
