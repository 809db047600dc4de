import { spawn } from "node:child_process";

/** Runs npm, which needs no install of its own: it comes with Node. @throws with what it printed, where it fails */
export async function runNpm(args: readonly string[], options: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> }): Promise<string> {
  const child = spawn("npm", [...args, "--no-audit", "--no-fund"], { cwd: options.cwd, env: { ...process.env, ...options.env }, stdio: ["ignore", "pipe", "pipe"], shell: process.platform === "win32" });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => { output += String(chunk); });
  const code = await new Promise((resolve, reject) => { child.once("error", reject).once("close", resolve); });
  if (code !== 0) throw new Error(`npm ${args.join(" ")} ended with ${String(code)}:\n${output}`);
  return output;
}
