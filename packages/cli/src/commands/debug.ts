import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { MlstackError } from "@mlstack/core";
import { stderr, type GlobalFlags } from "../ui/output.ts";
import { withEngine } from "./with-engine.ts";

interface DebugFlags extends GlobalFlags { readonly wait: boolean; readonly port?: number; readonly withEffects?: boolean }

/** `mlstack debug RUN/STEP`. */
export async function debug(name: string, flags: DebugFlags): Promise<void> {
  const at = name.indexOf("/");
  if (at < 1 || at === name.length - 1) throw new MlstackError("MLS7001", `${JSON.stringify(name)} does not name a step of a run`, { fix: "write RUN/STEP, such as last/train_model" });
  await withEngine(flags, async (engine) => {
    const restored = await engine.restore(name.slice(0, at), name.slice(at + 1));
    if (restored.effects.length > 0 && flags.withEffects !== true) {
      throw new MlstackError("MLS4010", `the step "${restored.spec.node}" uses ${restored.effects.join(", ")}, and would use it again`, { why: "a second execution may deploy, send or delete something a second time", fix: "add --with-effects if that is what you want" });
    }
    const t = stderr(flags);
    t.line(`the step ${t.style(restored.spec.node, "bold")} as it was started, in ${restored.dir}`);
    t.line(t.style("its code is what ran then; nothing that it does is stored or tracked", "dim"));
    for (const difference of restored.differences) t.line(`${t.style("warning", "yellow")}  ${difference}`);
    if (flags.wait) t.line(t.style("waiting for a debugger: open chrome://inspect, or attach your editor to the address below", "dim"));
    const bin = fileURLToPath(new URL("../bin/mlstack.js", import.meta.url));
    const child = spawn(process.execPath, [`--inspect${flags.wait ? "-wait" : ""}=127.0.0.1:${flags.port ?? (await usualPort())}`, "--enable-source-maps", bin, "step", "debug", join(restored.dir, "spec.json"), engine.project.dir, engine.project.stateDir], { cwd: restored.dir, stdio: "inherit", env: { ...restored.env } });
    // an interrupt is for the step; this process ends with it. Whatever else ends this process ends the step, too
    const kill = () => { child.kill("SIGKILL"); };
    const handlers = { SIGINT: () => undefined, SIGTERM: kill, SIGHUP: kill, exit: kill };
    for (const [name, handler] of Object.entries(handlers)) process.on(name, handler);
    const code = await new Promise<number>((done) => { child.once("error", () => done(1)); child.once("close", (exit, signal) => done(exit ?? (signal === "SIGINT" ? 130 : 1))); });
    for (const [name, handler] of Object.entries(handlers)) process.off(name, handler);
    process.exitCode = code;
  });
}

/** Where editors look by themselves, if nobody listens there; else any free port. */
async function usualPort(): Promise<number> {
  const server = createServer();
  return new Promise((done) => {
    server.once("error", () => done(0));
    server.listen(9229, "127.0.0.1", () => server.close(() => done(9229)));
  });
}
