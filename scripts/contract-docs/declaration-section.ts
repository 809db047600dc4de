import { anchorOf } from "../markdown/markdown.ts";
import type { Declaration, Member } from "./declarations.ts";
import type { DocComment } from "./doc-comment.ts";
import { namesIn, prose, typeText, type Links } from "./links.ts";

/** The addresses of declarations on one page. Two whose names differ by their case only have one address, and the later one gets a number. */
export function addressesOf(names: readonly string[]): ReadonlyMap<string, string> {
  const anchors = names.map(anchorOf);
  return new Map(names.map((name, n) => {
    const before = anchors.slice(0, n).filter((one) => one === anchors[n]).length;
    return [name, before === 0 ? anchors[n]! : `${anchors[n]!}-${before}`];
  }));
}

/**
 * A declaration's part of a page: a heading, what is said of it, and its members.
 *
 * @param level of its heading
 */
export function declarationSection(one: Declaration, links: Links, level = 2): string[] {
  const { name, doc } = one;
  const supers = one.extends.map((type) => typeText(type, links));
  const head = [`${"#".repeat(level)} ${name}`, ...(supers.length === 0 ? [] : ["", `Extends ${supers.join(" and ")}.`]), ...said(doc, links)];
  return one.members.length > 0 ? [...head, ...membersOf(one, links, level + 1)] : [...head, "", ...code(one.source), ...seeAlso(namesIn(one.source, links, name), links)];
}

function membersOf({ name, members }: Declaration, links: Links, level: number): string[] {
  const properties = members.filter((m) => m.kind === "property");
  const rows = properties.map((m) => [`\`${m.name}\`${m.optional ? " (may be left out)" : ""}`, typeText(m.optional ? m.signature.replace(/ \| undefined$/, "") : m.signature, links), [inCell(m.doc, links), ...partTexts(m, links)].filter((t) => t !== "").join(" ")]);
  return [
    ...(rows.length === 0 ? [] : ["", ...table(["property", "type", "what it is"], rows)]),
    ...members.filter((m) => m.kind === "method").flatMap((m) => method(name, m, links, level)),
  ];
}

function method(owner: string, m: Member, links: Links, level: number): string[] {
  const parts = partTexts(m, links);
  return [
    "", `${"#".repeat(level)} ${owner}.${m.name}`, "", ...code(m.signature), ...(m.optional ? ["", "May be left out."] : []), ...said(m.doc, links),
    ...(parts.length === 0 ? [] : ["", ...parts.map((text) => `- ${text}`)]), ...seeAlso(namesIn(m.signature, links, owner), links),
  ];
}

const partTexts = (m: Member, links: Links): string[] => m.parts.map(({ name, doc }) => `\`${name}\`: ${lowered(inCell(doc, links))}`);

const lowered = (text: string): string => (/^[A-Z][a-z]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text);

/** All that a comment says, as paragraphs. */
function said(doc: DocComment, links: Links): string[] {
  const lines: string[] = [];
  if (doc.text !== "") lines.push("", prose(doc.text, links));
  if (doc.params.length > 0) lines.push("", ...doc.params.map((p) => `- \`${p.name}\`: ${prose(p.text, links)}`));
  if (doc.returns !== undefined) lines.push("", `**Gives** ${prose(doc.returns, links)}${/[.!]$/.test(doc.returns) ? "" : "."}`);
  for (const text of doc.throws) lines.push("", `**Throws** ${prose(text, links)}${/[.!]$/.test(text) ? "" : "."}`);
  if (doc.experimental !== undefined) lines.push("", `**Experimental**${doc.experimental === "" ? "" : `, ${prose(doc.experimental, links)}`}.`);
  for (const example of doc.examples) lines.push("", ...code(example));
  return lines;
}

function inCell(doc: DocComment, links: Links): string {
  const throws = doc.throws.map((text) => `Throws ${text}${text.endsWith(".") ? "" : "."}`);
  return prose([doc.text, ...throws].filter((t) => t !== "").join(" "), links);
}

const code = (text: string): string[] => ["```ts", text, "```"];

const seeAlso = (names: readonly string[], { types }: Links): string[] => (names.length === 0 ? [] : ["", `→ ${names.map((name) => `[${name}](${types.get(name)!})`).join(" · ")}`]);

/** A bar would end a cell, and so would the end of a line. */
const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll(/\n+/g, "<br>");

export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string[] => [head, head.map(() => "---"), ...rows.map((row) => row.map(cell))].map((row) => `| ${row.join(" | ")} |`);
