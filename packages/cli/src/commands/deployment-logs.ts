import { MlstackError } from "@mlstack/core";
import { iso, stderr, stdout, writeJson, type GlobalFlags } from "../ui/output.ts";
import { printable } from "../ui/terminal.ts";
import { findDeployment } from "./deployment-show.ts";
import { withDeployer } from "./with-deployer.ts";

interface LogsFlags extends GlobalFlags { readonly lines: number }

/** `mlstack deployment logs NAME`. */
export async function deploymentLogs(name: string, flags: LogsFlags): Promise<void> {
  await withDeployer(flags, async (deployer) => {
    await findDeployment(deployer, name);
    if (deployer.logs === undefined) throw new MlstackError("MLS6003", `the deployer of ${name} keeps no logs`, { details: { reason: "unsupported" } });
    const lines = [];
    for await (const line of deployer.logs(name, { lines: flags.lines })) lines.push(line);
    if (flags.json === true) { writeJson("deployment-logs", lines.map(({ time, version, text }) => ({ time: iso(time), version: version ?? null, text }))); return; }
    if (lines.length === 0) stderr(flags).line(`${name} printed nothing`);
    const t = stdout(flags);
    for (const { time, version = "", text } of lines) t.line(t.plain ? [iso(time), version, printable(text)].join("\t") : `${t.style(`${iso(time)} ${version.slice(0, 8)}${version === "" ? "" : " "}|`, "dim")} ${printable(text)}`);
  });
}
