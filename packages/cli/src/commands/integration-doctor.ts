import { MlstackError } from "@mlstack/core/errors";
import { stateDirOf } from "@mlstack/engine/project-files";
import { error, ok, warning, type DoctorLine } from "../doctor/line.ts";
import { checkPackageJson } from "../hub/open-hub.ts";
import { count } from "../ui/format.ts";
import type { GlobalFlags } from "../ui/output.ts";
import { reportLines } from "./doctor.ts";
import { projectOf } from "./folder.ts";

/** `mlstack integration doctor`: looks at what the other commands need, changes nothing, and asks no network. What can't be read is a line, not the end. */
export async function integrationDoctor(flags: GlobalFlags): Promise<void> {
  const { dir } = projectOf(flags);
  const hub = await import("@mlstack/hub");
  const lines: DoctorLine[] = [];
  /** What is found out, or undefined with a line that says why it is not. */
  const look = async <T>(name: string, work: () => Promise<T>): Promise<T | undefined> => {
    try { return await work(); } catch (e) {
      if (!MlstackError.is(e)) throw e;
      lines.push(error(name, `${e.code} ${e.message}`, e.fix ?? `mlstack explain ${e.code}`));
      return undefined;
    }
  };
  await look("package.json", async () => { checkPackageJson(dir); });
  const manager = await look("package manager", async () => {
    const found = await hub.detectPackageManager(dir, process.env);
    lines.push(ok("package manager", `${found.name} ${await found.version()}, its lock is ${found.lockFile}`));
    return found;
  });
  await look("changes", async () => {
    const { stateDir } = await hub.changePlace(dir, (folder) => stateDirOf(folder, process.env));
    const pending = hub.pendingChange(stateDir);
    lines.push(pending === undefined ? ok("changes", "none is half done") : warning("changes", `going on, or interrupted: ${hub.changeName(pending)}`, "the next mlstack integration install takes it back, unless it is going on"));
  });
  const lock = await look("mlstack.lock", () => hub.readLock(dir));
  const installed = await hub.installedPlugins(dir);
  if (lock === undefined) {
    if (!lines.some((l) => l.name === "mlstack.lock")) lines.push(installed.length === 0 ? ok("mlstack.lock", "none, and no integration") : warning("mlstack.lock", `none: ${count(installed.length, "integration")} not pinned`, "mlstack integration lock, and commit it"));
  } else {
    lines.push(ok("mlstack.lock", `${count(Object.keys(lock.plugins).length, "integration")} pinned`));
    const findings = manager === undefined ? await hub.verifyProject(lock, installed) : await look("integrations", () => hub.verifyPinned(lock, dir, manager));
    for (const name of hub.overridesIn(lock)) lines.push(warning(name, "a folder of the workspace, in the place of the published package", "take the folder out of the workspace, then: mlstack integration rollback, or install it again"));
    for (const { name, problem } of findings ?? []) lines.push(problem === undefined ? ok(name, `${lock.plugins[name]!.version}, as pinned`) : error(name, `${problem.code} ${problem.message}`, problem.fix ?? `mlstack explain ${problem.code}`));
  }
  reportLines("integration-doctor", dir, lines, flags);
}
