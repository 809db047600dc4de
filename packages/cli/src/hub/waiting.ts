import { duration } from "../ui/format.ts";
import { stderr, type GlobalFlags } from "../ui/output.ts";
import { printable } from "../ui/terminal.ts";

/** Says on the screen who is at work, and after a while what takes so long. */
export interface Waiting {
  /** @param who is at work, and on what: `npm is at work` */
  begins(who: string): void;
  ends(): void;
}

/** When it is said first that something is still going on, and how often afterwards, in milliseconds. */
const [FIRST, AGAIN] = [15_000, 60_000];

/** Silent with --quiet and --json. */
export function waiting(flags: Pick<GlobalFlags, "color" | "plain" | "quiet" | "json">): Waiting {
  const t = stderr(flags);
  const isSilent = flags.quiet === true || flags.json === true;
  let timer: NodeJS.Timeout | undefined;
  const ends = (): void => { clearTimeout(timer); };
  return {
    ends,
    begins(who) {
      ends();
      if (isSilent) return;
      const [said, begun] = [printable(who), performance.now()];
      t.line(t.style(said, "dim"));
      const tell = (): void => {
        t.line(t.style(`${said}, for ${duration(performance.now() - begun)} so far: a registry that does not answer is asked again, as the settings say (of npm's: fetch-retries). Ctrl-C ends it`, "dim"));
        timer = setTimeout(tell, AGAIN).unref();
      };
      timer = setTimeout(tell, FIRST).unref();
    },
  };
}
