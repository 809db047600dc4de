import { iso, stderr, stdout, writeJson, type GlobalFlags } from "../ui/output.ts";
import { withReader } from "./with-engine.ts";

/** `mlstack run logs RUN [STEP]`. */
export async function runLogs(id: string, step: string | undefined, flags: GlobalFlags): Promise<void> {
  await withReader(flags, async (engine) => {
    const run = await engine.records.run(id);
    if (step !== undefined) await engine.records.step(run.id, step);
    const lines = [];
    const t = stdout(flags);
    for await (const line of engine.logs.read(run.id, step)) {
      if (flags.json === true) lines.push({ step: line.node, attempt: line.attempt, time: iso(line.time), stream: line.stream, text: line.text });
      else t.line(`${t.style(`${new Date(line.time).toISOString()} ${line.node}${line.attempt > 1 ? `#${line.attempt}` : ""} |`, "dim")} ${line.text}`);
    }
    if (flags.json === true) writeJson(lines);
    else if (lines.length === 0 && process.stdout.isTTY) stderr(flags).line("(end of log)");
  });
}
