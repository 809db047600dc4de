import { spawn } from "node:child_process";
import type { Outcome } from "./project.ts";

/** A command on a terminal of its own. */
export interface OnTerminal {
  readonly pid: number;
  /** What was on the screen so far, escape sequences included. */
  screen(): string;
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
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
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

export function onTerminal(command: readonly string[], cwd: string, env: Record<string, string | undefined>): OnTerminal {
  const child = spawn("python3", ["-c", PROGRAM, ...command], { cwd, env: { ...env, TERM: "xterm-256color", COLUMNS: "100", LINES: "30" }, stdio: ["pipe", "pipe", "inherit"] });
  let text = "";
  const waiting = new Set<() => void>();
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => { text += chunk; for (const look of waiting) look(); });
  const ended = new Promise<Pick<Outcome, "code" | "stdout">>((done) => { child.once("close", (code) => { done({ code, stdout: text }); for (const look of waiting) look(); }); });
  return {
    pid: child.pid!, screen: () => text, ended,
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
