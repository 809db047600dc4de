// npm run errors: writes docs/errors.md from the codes and what is known of them. A test compares them.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ERROR_CODES } from "../packages/core/src/errors/codes.ts";
import { EXPLANATIONS } from "../packages/cli/src/explain/texts.ts";
import { root } from "./bootstrap/install.mjs";

export const ERROR_PAGE = join(root, "docs", "errors.md");

const AREAS: Readonly<Record<string, string>> = {
  1: "What a pipeline's author wrote", 2: "Plugins and components", 3: "Bytes: stores, artifacts, data", 4: "Runs", 5: "Records", 6: "Services that components talk to", 7: "The command line and the project's files", 8: "Secrets and integrations", 9: "Ours",
};

/** The page: one heading per code, so that each has an address. */
export function errorPage(): string {
  const lines = [
    "# Errors", "",
    "Every error has a code that stays what it is. The message says what was found, `why` what was expected, `fix` what mends it; under `--json` the same",
    "stand in `error` ([schema](../packages/cli/schemas/error.json)). `mlstack explain CODE` shows what stands here. Written by `npm run errors`.",
  ];
  let area = "";
  for (const [code, { exit, title }] of Object.entries(ERROR_CODES)) {
    if (code[3] !== area) { area = code[3]!; lines.push("", `## ${area}xxx: ${AREAS[area] ?? ""}`); }
    lines.push("", `### ${code}`, "", `${title}. Exit code ${exit}.`);
    const text = EXPLANATIONS[code as keyof typeof EXPLANATIONS];
    if (text !== undefined) lines.push("", text.why, "", ...text.mends.map((mend) => `- ${mend}`));
  }
  return `${lines.join("\n")}\n`;
}

if (process.argv[1] === import.meta.filename) writeFileSync(ERROR_PAGE, errorPage());
