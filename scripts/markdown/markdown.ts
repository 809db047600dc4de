/** A link of a Markdown text. */
export interface MarkdownLink {
  /** As it is written. */
  readonly target: string;
  readonly line: number;
}

/** The address that a heading has on its page, as GitHub makes it. */
export function anchorOf(heading: string): string {
  const shown = heading.replaceAll(/!?\[([^\]]*)\]\([^)]*\)/g, "$1").replaceAll("`", "");
  return shown.toLowerCase().replaceAll(/[^\p{L}\p{M}\p{N}\p{Pc}\s-]/gu, "").trim().replaceAll(/\s/g, "-");
}

/** The addresses of all headings of a page: of two that are equal the second ends with `-1`. */
export function anchorsOf(text: string): ReadonlySet<string> {
  const counts = new Map<string, number>();
  const anchors = new Set<string>();
  for (const line of proseLines(text)) {
    const heading = /^ {0,3}#{1,6}\s+(.*?)\s*#*\s*$/.exec(line)?.[1];
    if (heading !== undefined) {
      const anchor = anchorOf(heading);
      const n = counts.get(anchor) ?? 0;
      counts.set(anchor, n + 1);
      anchors.add(n === 0 ? anchor : `${anchor}-${n}`);
    }
    for (const [, id = ""] of line.matchAll(/<a (?:id|name)="([^"]+)"/g)) anchors.add(id);
  }
  return anchors;
}

/** All links and images, those in code left out. */
export function linksOf(text: string): readonly MarkdownLink[] {
  return proseLines(text).flatMap((line, n) => {
    const plain = line.replaceAll(/(`+)(?!`).*?(?<!`)\1(?!`)/g, "``");
    const definition = /^ {0,3}\[[^\]]+\]:\s+(\S+)/.exec(plain)?.[1];
    return [...[...plain.matchAll(/\]\(\s*<?([^\s)>]*)>?[^)]*\)/g)].map(([, target = ""]) => target), ...(definition === undefined ? [] : [definition])]
      .map((target) => ({ target, line: n + 1 }));
  });
}

/** The lines of a text; those of code blocks are empty. */
function proseLines(text: string): readonly string[] {
  let fence: string | undefined;
  return text.split("\n").map((line) => {
    const mark = /^\s*(`{3,}|~{3,})/.exec(line)?.[1];
    if (fence === undefined) {
      if (mark === undefined) return line;
      fence = mark;
    } else if (mark !== undefined && mark.startsWith(fence)) fence = undefined;
    return "";
  });
}
