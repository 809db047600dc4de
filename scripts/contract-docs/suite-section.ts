import { table, declarationSection } from "./declaration-section.ts";
import type { Declaration } from "./declarations.ts";
import { prose, type Links } from "./links.ts";

/** What a page shows of a suite. */
export interface SuiteOnPage {
  readonly contract: string;
  /** Its name as the testkit exports it. */
  readonly export: string;
  readonly cases: readonly { readonly id: string; readonly title: string; readonly clause: string; readonly needs?: readonly string[] | undefined }[];
  readonly declaration: Declaration | undefined;
  readonly subject: readonly Declaration[];
}

export const caseCount = ({ length }: readonly unknown[]): string => (length === 1 ? "1 case" : `${length} cases`);

/** How something is put under test, and each case by the words of the contract that it is about. */
export function suiteSection(suite: SuiteOnPage, links: Links): string[] {
  const doc = suite.declaration?.doc.text ?? "";
  // cases of one clause stand together, each clause where its first case does
  const clauses = [...new Set(suite.cases.map((one) => one.clause))];
  const rows = clauses.flatMap((clause) => suite.cases.filter((one) => one.clause === clause).map((one, n) => [n === 0 ? prose(clause.replaceAll("@throws", "throws").replaceAll("@returns", "gives"), links) : "", `\`${one.id}\``, prose(one.title, links), (one.needs ?? []).map((need) => `\`${need}\``).join(", ")]));
  return [
    "## The suite", "",
    `\`${suite.export}\` of \`@mlstack/testkit/conformance\`: ${caseCount(suite.cases)}. ${prose(doc, links)}`.trim(), "",
    "How it is run, and what a `conformance.ts` looks like, is on [the page about the kit](../conformance.md). What it puts under test:", "",
    ...suite.subject.flatMap((one) => ["", ...declarationSection(one, links, 3)]).slice(1), "",
    "### Cases", "",
    "Each with the words of the contract that it is about. A case whose needs are not there is skipped, with the reason on the screen.", "",
    ...table(["clause", "case", "what holds where it passes", "needs"], rows),
  ];
}
