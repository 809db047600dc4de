// as it was before a user's code or a capture put itself in its place
const write = process.stdout.write.bind(process.stdout);

/** Writes to stdout: data only, and nothing but what a command says it prints there. */
export function writeOut(text: string): void {
  write(text);
}

/**
 * From now on stdout is this package's alone: what a user's module, a build or a step that runs here prints goes to stderr, so that
 * `ID=$(mlstack run …)` and `--json` hold. What is written to the descriptor itself is not caught.
 */
export function keepStdoutForData(): void {
  process.stdout.write = process.stderr.write.bind(process.stderr);
}
