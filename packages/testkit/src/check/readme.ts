/** A heading of a README and what stands below it, up to the next one of its level or above. */
export interface ReadmeSection {
  readonly level: number;
  readonly title: string;
  /** With the sections below it. */
  readonly text: string;
}

/** A README, as far as its form is looked at. */
export interface Readme {
  readonly sections: readonly ReadmeSection[];
  /** What its blocks of code hold. */
  readonly code: readonly string[];
  /** The text of the first section whose title begins with these words. */
  section(title: string): string | undefined;
}

/** @param text Markdown, with headings by number signs, underlined, or as HTML */
export function parseReadme(text: string): Readme {
  const lines = text.split(/\r?\n/);
  const headings: { readonly level: number; readonly title: string; readonly line: number; readonly end?: number }[] = [];
  const code: string[] = [];
  let block: { readonly fence: string; readonly lines: string[] } | undefined;
  for (const [line, content] of lines.entries()) {
    const fence = /^\s*(`{3,}|~{3,})/.exec(content)?.[1];
    if (block !== undefined) {
      if (fence?.startsWith(block.fence) === true) { code.push(block.lines.join("\n")); block = undefined; } else block.lines.push(content);
      continue;
    }
    if (fence !== undefined) { block = { fence, lines: [] }; continue; }
    const [, marks, title] = /^(#{1,6})\s+(.*?)\s*#*\s*$/.exec(content) ?? [];
    if (marks !== undefined && title !== undefined) headings.push({ level: marks.length, title: title.replaceAll("`", ""), line });
    const underlined = lines[line - 1]?.trim() ?? "";
    if (/^ {0,3}(?:=+|-{2,})\s*$/.test(content) && underlined !== "" && !/^(?:[#>|-]|`{3}|~{3}|[*+] )/.test(underlined)) headings.push({ level: content.includes("=") ? 1 : 2, title: underlined.replaceAll("`", ""), line: line - 1, end: line });
    const [, level, inner] = /<h([1-6])(?:\s[^>]*)?>(.*?)<\/h\1>/i.exec(/<h[1-6][\s>]/i.test(content) ? lines.slice(line, line + 8).join(" ") : "") ?? [];
    if (level !== undefined && inner !== undefined) headings.push({ level: Number(level), title: inner.replace(/<[^>]*>/g, "").trim(), line });
  }
  const sections = headings.map(({ level, title, line, end: last = line }, i) => {
    const until = headings.slice(i + 1).find((next) => next.level <= level)?.line ?? lines.length;
    return { level, title, text: lines.slice(last + 1, until).join("\n") };
  });
  return { sections, code, section: (words) => sections.find(({ title }) => title.toLowerCase().startsWith(words.toLowerCase()))?.text };
}

/** The words of a text that are marked as code. */
export function codeWords(text: string): ReadonlySet<string> {
  return new Set([...text.matchAll(/`([^`\n]+)`/g)].map((match) => match[1]!));
}

/** The words in the first column of a text's tables that are marked as code: what a table of keys describes. */
export function tableKeys(text: string): readonly string[] {
  return [...text.matchAll(/^\s*\|\s*`([^`\n]+)`\s*\|/gm)].map((match) => match[1]!);
}
