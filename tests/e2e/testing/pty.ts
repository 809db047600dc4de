import { spawn } from "node:child_process";
import xterm from "@xterm/headless";
import type { Outcome } from "./project.ts";

/** A command on a terminal of its own. */
export interface OnTerminal {
  readonly pid: number;
  /** What was written so far, escape sequences included. */
  screen(): string;
  /** The lines that a person sees now, with those that have scrolled away above them. */
  rendered(): Promise<readonly string[]>;
  /** Resolves when the screen has shown this. */
  shows(text: string | RegExp): Promise<void>;
  /** Types, for instance \x03 for Ctrl-C. */
  type(keys: string): void;
  readonly ended: Promise<Pick<Outcome, "code" | "stdout">>;
}

// Python's pty module is on every machine that builds this; a terminal made by a native npm package is not
const PROGRAM = `
import os, pty, sys, select, fcntl, struct, termios
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", int(os.environ["LINES"]), int(os.environ["COLUMNS"]), 0, 0))
stdin = sys.stdin.fileno()
watched = [fd, stdin]
while True:
    ready, _, _ = select.select(watched, [], [])
    if fd in ready:
        try:
            data = os.read(fd, 65536)
        except OSError:
            data = b""
        if not data:
            break
        os.write(1, data)
    if stdin in ready:
        data = os.read(stdin, 65536)
        if data:
            os.write(fd, data)
        else:
            watched.remove(stdin)
_, status = os.waitpid(pid, 0)
sys.exit(128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status))
`;

export function onTerminal(command: readonly string[], cwd: string, env: Record<string, string | undefined>, { columns = 100, rows = 30 }: { readonly columns?: number; readonly rows?: number } = {}): OnTerminal {
  const child = spawn("python3", ["-c", PROGRAM, ...command], { cwd, env: { ...env, TERM: "xterm-256color", COLUMNS: String(columns), LINES: String(rows) }, stdio: ["pipe", "pipe", "inherit"] });
  let text = "";
  const waiting = new Set<() => void>();
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => { text += chunk; for (const look of waiting) look(); });
  const ended = new Promise<Pick<Outcome, "code" | "stdout">>((done) => { child.once("close", (code) => { done({ code, stdout: text }); for (const look of waiting) look(); }); });
  return {
    pid: child.pid!, screen: () => text, ended, rendered: () => render(text, columns, rows),
    type: (keys) => { child.stdin.write(keys); },
    shows: (wanted) => new Promise((done, fail) => {
      const look = () => {
        if (typeof wanted === "string" ? text.includes(wanted) : wanted.test(text)) { waiting.delete(look); done(); } else if (child.exitCode !== null) { waiting.delete(look); fail(new Error(`ended with ${child.exitCode} before it showed ${String(wanted)}:\n${text}`)); }
      };
      waiting.add(look);
      look();
    }),
  };
}

/** What a terminal shows of it. */
async function render(text: string, columns: number, rows: number): Promise<string[]> {
  const terminal = new xterm.Terminal({ cols: columns, rows, scrollback: 5000, allowProposedApi: true });
  await new Promise<void>((done) => { terminal.write(text, done); });
  const { active } = terminal.buffer;
  const lines = Array.from({ length: active.length }, (_, i) => active.getLine(i)!.translateToString(true));
  terminal.dispose();
  while (lines.at(-1) === "") lines.pop();
  return lines;
}
