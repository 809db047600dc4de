import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../bootstrap/install.mjs";
import { clausesOf } from "./clauses.ts";
import { KITS, type Kit } from "./kits.ts";
import { LEFT_OUT } from "./left-out.ts";

export const CLAUSES_PAGE = "docs/plugins/clauses.md";

export const sourceOf = ({ files }: Kit): string => files.map((file) => readFileSync(join(root, file), "utf8")).join("\n");

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");

function section(kit: Kit): string[] {
  const { suite: { contract, cases }, noun, files, bads } = kit;
  const clauses = clausesOf(kit);
  const lines = [
    "", `## ${contract}`, "",
    `${files.map((file) => `[${file.split("/").at(-1)}](../../${file})`).join(", ")}: ${clauses.length} clauses, ${cases.length} cases, ${bads.length} known-bads.`, "",
    `| the contract says | cases | which refuse ${noun} that |`, "|---|---|---|",
    ...clauses.map(({ text, cases: of, faults }) => `| ${cell(text)} | ${of.map(({ id }) => `\`${id}\``).join("<br>")} | ${faults.map(cell).join("<br>")} |`),
    "", "Not in the suite:", "",
  ];
  for (const { why, sentences } of LEFT_OUT[contract] ?? []) lines.push(`- ${why}: ${sentences.map((one) => `“${one.replace(/[.;:,]$/, "")}”`).join(", ")}`);
  return lines;
}

/** The page: what each contract says, by which cases that is seen, and what these have been seen to refuse. */
export function clausesPage(): string {
  return `${[
    "# Clauses", "",
    "What the contracts promise, clause by clause: the cases of [`@mlstack/testkit/conformance`](../../packages/testkit/README.md) that look whether it is kept, and the known-bad components that these have",
    "been seen to refuse. A known-bad differs from a component that passes in the one thing that is named; each is run in",
    "[tests/contracts/conformance](../../tests/contracts/conformance). A clause without one fails a test, and so does a sentence of a contract that no case quotes and that is",
    "not listed here with the reason. Written by `npm run clauses`.",
    ...KITS.flatMap(section),
  ].join("\n")}\n`;
}
