import { didYouMean, ERROR_CODES, MlstackError, type ErrorCode } from "@mlstack/core";
import { EXPLANATIONS } from "../explain/texts.ts";
import { docsOf } from "../ui/error-document.ts";
import { stdout, writeJson, type GlobalFlags } from "../ui/output.ts";

/** `mlstack explain CODE`: what an error's code stands for, and what mends it. */
export async function explain(given: string, flags: GlobalFlags): Promise<void> {
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

/** `MLS4001`, also as `mls4001` and `4001`. */
function codeOf(given: string): ErrorCode {
  const wanted = given.toUpperCase().replace(/^(?=\d{4}$)/, "MLS");
  if (Object.hasOwn(ERROR_CODES, wanted)) return wanted as ErrorCode;
  const codes = Object.keys(ERROR_CODES);
  const near = didYouMean(wanted, codes);
  throw new MlstackError("MLS7001", `there is no error ${JSON.stringify(given)}`, { why: "an error's code is MLS and four digits", fix: near === undefined ? "look at docs/errors.md" : `mlstack explain ${near}` });
}
