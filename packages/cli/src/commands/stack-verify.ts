import { MlstackError, type CheckFinding } from "@mlstack/core";
import { localMisfit, openStack, projectPlugins, settledStack } from "@mlstack/engine";
import type { DataOf } from "../json/documents.ts";
import { errorDocument } from "../ui/error-document.ts";
import { printError } from "../ui/errors.ts";
import { count } from "../ui/format.ts";
import { stderr, stdout, writeJson, type GlobalFlags } from "../ui/output.ts";
import { table, type Terminal } from "../ui/terminal.ts";
import { activeStack } from "./active-stack.ts";
import { projectOf } from "./folder.ts";

type Checked = DataOf<"stack-verify">["components"][number];

/** `mlstack stack verify [STACK]`: creates each component and has it look at what it needs. */
export async function stackVerify(name: string | undefined, flags: GlobalFlags): Promise<void> {
  const project = projectOf(flags);
  const spec = await activeStack(name === undefined ? flags : { ...flags, stack: name });
  const loader = projectPlugins(project.dir, undefined);
  const stack = openStack(await settledStack(spec, loader), loader, { projectDir: project.dir, stateDir: project.stateDir });
  const findings = await stack.findings();
  // a component that works by itself, and not with this orchestrator
  const misfit = await localMisfit(stack);
  const abort = new AbortController();
  const stop = () => abort.abort(new MlstackError("MLS4003", "stopped before every component was looked at", { fix: `mlstack stack verify ${spec.name}` }));
  process.once("SIGINT", stop);
  const t = flags.json === true ? undefined : stdout(flags);
  const checked: Checked[] = [];
  try {
    for (const type of new Set([...Object.keys(spec.components), ...findings.map((f) => f.type)])) {
      const c = spec.components[type];
      const wrong = findings.find((f) => f.type === type)?.error ?? (misfit?.details?.["component"] === type ? misfit : undefined);
      const one: Checked = { type, name: c?.name ?? null, flavor: c?.flavor ?? null, ok: true, error: null, findings: [] };
      try {
        if (wrong !== undefined) throw wrong;
        if (loader.contracts.has(type)) one.findings = (await (await stack.component(type))?.check?.({ signal: abort.signal }) ?? []).map(plain);
        one.ok = one.findings.every((f) => f.ok);
      } catch (e) {
        abort.signal.throwIfAborted();
        one.ok = false;
        one.error = errorDocument(e);
      }
      abort.signal.throwIfAborted();
      checked.push(one);
      if (t !== undefined) print(one, t, loader.contracts.has(type));
    }
  } finally {
    process.off("SIGINT", stop);
    await stack.dispose();
  }
  const bad = checked.filter((c) => !c.ok);
  const failure = bad.length === 0 ? undefined : new MlstackError("MLS4021", `${count(bad.length, "component")} of the stack "${spec.name}" ${bad.length === 1 ? "does" : "do"} not work as ${bad.length === 1 ? "it is" : "they are"}: ${bad.map((c) => c.name ?? c.type).join(", ")}`, {
    why: bad.flatMap((c) => [c.error?.message, ...c.findings.filter((f) => !f.ok).map((f) => f.message)]).find((text) => text !== undefined), fix: bad.map((c) => c.error?.fix).find((fix) => fix !== undefined) ?? "grant or change what is said above, and look again", details: { stack: spec.name, components: bad.map((c) => c.type) },
  });
  if (failure !== undefined) process.exitCode = failure.exitCode;
  if (flags.json === true) { writeJson("stack-verify", { stack: spec.name, ok: failure === undefined, components: checked }, [], failure === undefined ? undefined : errorDocument(failure)); return; }
  if (failure !== undefined) printError(failure, stderr(flags), flags);
  else stdout(flags).line(`every component of ${spec.name} works`);
}

const plain = ({ name, ok, message, ms }: CheckFinding): Checked["findings"][number] => ({ name, ok, message, ms: ms === undefined ? null : Math.round(ms) });

function print({ type, name, flavor, ok, error, findings }: Checked, t: Terminal, isUsed: boolean): void {
  const mark = (good: boolean) => (good ? t.style("✓", "green") : t.style("✗", "red"));
  if (t.plain) {
    if (error !== null) t.line([type, name ?? "", "", "failed", error.message].join("\t"));
    for (const f of findings) t.line([type, name ?? "", f.name, f.ok ? "ok" : "failed", f.message].join("\t"));
    if (error === null && findings.length === 0) t.line([type, name ?? "", "", "ok", ""].join("\t"));
    return;
  }
  t.line(`${mark(ok)} ${t.style(type, "bold")}${name === null ? "" : `  ${name} (${flavor ?? ""})`}${error === null && findings.length === 0 ? t.style(isUsed ? "  nothing to look at" : "  nothing uses components of this type yet", "dim") : ""}`);
  if (error !== null) t.line(`    ${error.message}${error.fix === undefined ? "" : `: ${error.fix}`}`);
  const rows = findings.map((f) => [`  ${mark(f.ok)} ${f.name}`, f.message, f.ms === null ? "" : t.style(`${f.ms} ms`, "dim")]);
  for (const line of table(rows)) t.line(line);
}
