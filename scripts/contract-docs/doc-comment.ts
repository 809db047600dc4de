/** What a doc comment says, by its parts. Texts are Markdown, one line per paragraph or list item. */
export interface DocComment {
  readonly text: string;
  readonly params: readonly { readonly name: string; readonly text: string }[];
  readonly returns?: string;
  readonly throws: readonly string[];
  /** Code. */
  readonly examples: readonly string[];
  /** Until when the shape may still change, in words; empty where only the tag is there. */
  readonly experimental?: string;
}

export const NO_DOC: DocComment = { text: "", params: [], throws: [], examples: [] };

/** @param body of a block comment, from after its first star on */
export function docCommentOf(body: string): DocComment {
  const lines = body.split("\n").map((line) => line.replace(/^\s*\* ?/, "").trimEnd());
  const parts: { tag: string; lines: string[] }[] = [{ tag: "", lines: [] }];
  for (const line of lines) {
    const tag = /^\s*@(\w+)\s?(.*)$/.exec(line);
    if (tag === null) parts.at(-1)!.lines.push(line); else parts.push({ tag: tag[1]!, lines: [tag[2]!] });
  }
  const of = (tag: string): string[] => parts.filter((p) => p.tag === tag).map((p) => joined(p.lines));
  const [returns] = of("returns");
  const [experimental] = of("experimental");
  return {
    text: of("").join("\n\n"), throws: of("throws"),
    params: of("param").map((text) => ({ name: /^\S*/.exec(text)![0], text: text.replace(/^\S*\s*/, "") })),
    examples: parts.filter((p) => p.tag === "example").map((p) => p.lines.join("\n").trim()),
    ...(returns !== undefined && { returns }), ...(experimental !== undefined && { experimental }),
  };
}

/** A line that begins a paragraph or a list item takes those that follow it. */
function joined(lines: readonly string[]): string {
  const blocks: string[] = [];
  let open = false;
  for (const line of lines.map((l) => l.trim())) {
    if (line === "") { open = false; continue; }
    if (open && !line.startsWith("- ")) blocks[blocks.length - 1] += ` ${line}`;
    else blocks.push(line);
    open = true;
  }
  return blocks.reduce((text, block) => (text === "" ? block : `${text}${block.startsWith("- ") && /(?:^|\n)- [^\n]*$/.test(text) ? "\n" : "\n\n"}${block}`), "");
}
