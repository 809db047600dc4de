import { execFile } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const SOURCES = join(import.meta.dirname, "..");
const CORE = pathToFileURL(join(SOURCES, "../../core/src/index.ts")).href;
/** As in the test runner, core is its sources. */
const HOOK = `import { registerHooks } from "node:module";
registerHooks({ resolve: (specifier, context, next) => (specifier === "@mlstack/core" ? { url: ${JSON.stringify(CORE)}, shortCircuit: true } : next(specifier, context)) });`;

/** For tests: runs a module in a Node of its own; its imports are relative to src. */
export function runChild(code: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const args = ["--import", `data:text/javascript,${encodeURIComponent(HOOK)}`, "--input-type=module", "--eval", code];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { cwd: SOURCES, maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== "number") reject(error);
      else resolve({ code: Number(error?.code ?? 0), stdout, stderr });
    });
  });
}
