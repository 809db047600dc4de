import { didYouMean, ERROR_CODES, MlstackError, nameList, type ErrorCode } from "@mlstack/core";
import { EXPLANATIONS } from "../explain/texts.ts";
import { docsOf } from "../ui/error-document.ts";
import { stdout, writeJson, type GlobalFlags } from "../ui/output.ts";
import { printTable } from "../ui/terminal.ts";

/** `mlstack explain CODE`: what an error's code stands for, and what mends it. Without CODE: all of them, and what they stand for. */
export async function explain(given: string | undefined, flags: GlobalFlags): Promise<void> {
  if (given === undefined) { list(flags); return; }
  const code = codeOf(given);
  const { title, exit } = ERROR_CODES[code];
  const { why, mends } = EXPLANATIONS[code] ?? { why: undefined, mends: [] };
  if (flags.json === true) { writeJson("explain", { code, title, exitCode: exit, why: why ?? null, mends: [...mends], docs: docsOf(code) }); return; }
  const t = stdout(flags);
  t.line(`${t.style(code, "bold")}  ${title}`);
  if (why !== undefined) t.line(`  ${why}`);
  if (mends.length > 0) t.line("");
  for (const mend of mends) t.line(`  ${t.style("fix", "green")}  ${mend}`);
  t.line(t.style(`\n  a command that it ends has the exit code ${exit}`, "dim"));
}

function list(flags: GlobalFlags): void {
  const all = Object.entries(ERROR_CODES).map(([code, { title, exit }]) => ({ code, title, exitCode: exit }));
  if (flags.json === true) { writeJson("explain-list", all); return; }
  printTable(stdout(flags), ["CODE", "EXIT", "MEANS"], all.map(({ code, title, exitCode }) => [code, String(exitCode), title]), [1]);
}

/** `MLS4001`, also as `mls4001` and `4001`. */
function codeOf(given: string): ErrorCode {
  const wanted = given.toUpperCase().replace(/^(?=\d{4}$)/, "MLS");
  if (Object.hasOwn(ERROR_CODES, wanted)) return wanted as ErrorCode;
  const codes = Object.keys(ERROR_CODES);
  const around = /^MLS\d{4}$/.test(wanted) ? nearest(wanted, codes) : [];
  const near = around.length > 0 ? undefined : didYouMean(wanted, codes);
  throw new MlstackError("MLS7001", `there is no error ${JSON.stringify(given)}`, {
    why: around.length > 0 ? `the nearest are ${nameList(around)}` : "an error's code is MLS and four digits", fix: near === undefined ? "mlstack explain lists them all" : `mlstack explain ${near}`,
  });
}

/** Codes of the same area with the nearest numbers, in order. */
function nearest(wanted: string, codes: readonly string[]): string[] {
  const away = (code: string) => Math.abs(Number(code.slice(3)) - Number(wanted.slice(3)));
  return codes.filter((code) => code[3] === wanted[3]).toSorted((a, b) => away(a) - away(b)).slice(0, 3).toSorted();
}
