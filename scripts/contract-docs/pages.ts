import { ERROR_CODES } from "../../packages/core/src/errors/codes.ts";
import { anchorOf } from "../markdown/markdown.ts";
import { addressesOf, declarationSection, table } from "./declaration-section.ts";
import type { Declaration } from "./declarations.ts";
import { errorLink, typeText, type Links } from "./links.ts";
import { declarationsFor, PAGES, suiteSource, type PageSource } from "./sources.ts";
import { caseCount, suiteSection, type SuiteOnPage } from "./suite-section.ts";

/** A suite as the testkit exports it. */
export type Suite = Pick<SuiteOnPage, "contract" | "export" | "cases">;

export const FOLDER = "docs/plugins/contracts";

interface Page extends PageSource {
  readonly declarations: readonly Declaration[];
  readonly suite: SuiteOnPage | undefined;
}

/**
 * Files from the root, with their text.
 *
 * @param suites of the testkit
 * @param contracts what core says of each type
 */
export function contractPages(root: string, suites: readonly Suite[], contracts: ReadonlyMap<string, { readonly accepts: readonly number[]; readonly stability: string }>): Readonly<Record<string, string>> {
  const pages = PAGES.map((page): Page => ({ ...page, declarations: declarationsFor(page, root), suite: suiteOf(page, suites, root) }));
  const files = pages.map((page) => [`${FOLDER}/${page.name}.md`, pageText(page, linksFrom(page, pages), contracts)] as const);
  return Object.fromEntries([[`${FOLDER}/README.md`, indexText(pages, contracts)] as const, ...files]);
}

function suiteOf({ type }: PageSource, suites: readonly Suite[], root: string): SuiteOnPage | undefined {
  const suite = suites.find((s) => s.contract.replace(/@.*$/, "") === type);
  if (suite === undefined || type === undefined) return undefined;
  const source = suiteSource(type, root);
  return { ...suite, declaration: source?.suite, subject: source?.subject ?? [] };
}

/** A name leads to its own page first. */
function linksFrom(page: Page, pages: readonly Page[]): Links {
  const named = (one: Page): [string, string][] => [...addressesOf([...one.declarations, ...(one.suite?.subject ?? [])].map(({ name }) => name))].map(([name, anchor]) => [name, `${one === page ? "" : `${one.name}.md`}#${anchor}`]);
  return { types: new Map([...pages.filter((one) => one !== page), page].flatMap(named)), errors: "../../errors.md" };
}

const WRITTEN = "Written by `npm run contract-docs`";

function pageText(page: Page, links: Links, contracts: Parameters<typeof contractPages>[2]): string {
  const known = page.type === undefined ? undefined : contracts.get(page.type);
  const sources = page.modules.map((module) => `[${module.replace(/^.*\//, "")}](../../../packages/core/src/${module})`);
  const more = (page.more ?? []).map(([path, what]) => `[${what}](../../${path})`);
  return text([
    `# ${page.title}`, "",
    `${WRITTEN} from the doc comments of ${sources.join(", ")}: what is to be changed is changed there.${more.length === 0 ? "" : ` Elsewhere: ${more.join("; ")}.`}`,
    ...(known === undefined ? [] : ["", `Accepted versions: ${known.accepts.join(", ")}. Stability: **${known.stability}** ([what that means](../versioning.md)).`]),
    ...(page.about === undefined ? [] : ["", page.about]),
    "", `On this page: ${page.declarations.map(({ name }) => `[${name}](${links.types.get(name)!})`).join(" · ")}${page.suite === undefined ? "" : " · [the suite](#the-suite)"}`,
    ...page.declarations.flatMap((one) => ["", ...declarationSection(one, links)]),
    ...errorTable(page, links),
    ...(page.suite === undefined ? [] : ["", ...suiteSection(page.suite, links)]),
  ]);
}

/** Every code that the page's comments name. */
function errorTable({ declarations }: Page, links: Links): string[] {
  const places = new Map<string, Set<string>>();
  for (const { name, kind, source, doc, members } of declarations) {
    const note = (comment: { readonly text: string; readonly throws: readonly string[] }, place: string): void => {
      for (const [code] of [comment.text, ...comment.throws].join(" ").matchAll(/MLS\d{4}/g)) places.set(code, (places.get(code) ?? new Set()).add(place));
    };
    note(doc, name);
    if (kind !== "interface") note({ text: source, throws: [] }, name);
    for (const m of members) {
      note(m.doc, m.kind === "method" ? `${name}.${m.name}` : name);
      for (const part of m.parts) note(part.doc, name);
    }
  }
  if (places.size === 0) return [];
  const rows = [...places].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([code, names]) => [
    errorLink(code, links), ERROR_CODES[code as keyof typeof ERROR_CODES].title, [...names].map((name) => `[${name}](#${anchorOf(name)})`).join(", "),
  ]);
  return ["", "## Errors", "", ...table(["code", "what it says", "where it is spoken of"], rows)];
}

function indexText(pages: readonly Page[], contracts: Parameters<typeof contractPages>[2]): string {
  const links: Links = { types: new Map(), errors: "" };
  const rows = pages.map(({ name, title, type, suite, declarations }) => {
    const known = type === undefined ? undefined : contracts.get(type);
    return [`[${title}](${name}.md)`, known?.stability ?? "", suite === undefined ? "" : `[${caseCount(suite.cases)}](${name}.md#the-suite)`, declarations.map((d) => typeText(d.name, links)).slice(0, 4).join(", ")];
  });
  return text([
    "# Reference of the contracts", "",
    `${WRITTEN} from the doc comments of core and the suites of the testkit. How to write a plugin is on [the pages for authors](../README.md).`, "",
    ...table(["page", "stability", "suite", "among others"], rows),
  ]);
}

const text = (lines: readonly string[]): string => `${lines.join("\n").replaceAll(/\n{3,}/g, "\n\n")}\n`;
