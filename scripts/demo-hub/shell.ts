import { spawn } from "node:child_process";
import { delimiter, dirname } from "node:path";
import { isWindows } from "../bootstrap/install.mjs";

/** What a command printed, both streams as they came, and what of it went to the standard output. */
export interface Said { readonly text: string; readonly stdout: string }

/** A person's shell in a folder: what is typed is shown, and so is what comes back. */
export interface Shell {
  /**
   * Runs a line of words without quotes. This process does not stand still meanwhile: the servers' connections live on.
   *
   * @param code how it must end; 0 by default
   * @throws where it ends otherwise
   */
  type(line: string, how?: { readonly code?: number; readonly quiet?: boolean }): Promise<Said>;
}

export function openShell(cwd: string, more: Readonly<Record<string, string>>): Shell {
  // nothing of what has started this: as at a person's terminal. npm leaves out what the Node that it runs on is too old for
  const kept = Object.entries(process.env).filter(([name]) => !/^(MLSTACK|NODE_OPTIONS$|FORCE_COLOR$|CI$|npm_|AWS_)/i.test(name));
  const env = { ...Object.fromEntries(kept), NO_COLOR: "1", ...more, PATH: [dirname(process.execPath), process.env["PATH"]].join(delimiter) };
  return {
    async type(line, { code = 0, quiet = false } = {}) {
      if (!quiet) console.log(`$ ${line}`);
      const [program = "", ...args] = line.replaceAll("\\\n", " ").trim().split(/\s+/);
      const child = spawn(isWindows ? `${program}.cmd` : program, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"], shell: isWindows });
      const said = { text: "", stdout: "" };
      const take = (text: string): void => { said.text += text; if (!quiet) process.stdout.write(text); };
      child.stdout.setEncoding("utf8").on("data", (text: string) => { said.stdout += text; take(text); });
      child.stderr.setEncoding("utf8").on("data", take);
      const ended = await new Promise<number | null>((done, reject) => { child.once("error", reject).once("close", done); });
      if (!quiet) console.log();
      if (ended !== code) throw new Error(`${line} ended with ${String(ended)}, not ${code}${quiet ? `:\n${said.text}` : ""}`);
      return said;
    },
  };
}
