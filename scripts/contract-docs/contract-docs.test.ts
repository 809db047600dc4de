import { expect, test } from "vitest";
import { root } from "../bootstrap/install.mjs";
import { addressesOf, declarationSection } from "./declaration-section.ts";
import { declarationsOf } from "./declarations.ts";
import { docCommentOf } from "./doc-comment.ts";
import { prose, typeText, type Links } from "./links.ts";
import { contractPages, FOLDER } from "./pages.ts";
import { declarationsFor, PAGES, suiteSource } from "./sources.ts";
import { suiteSection } from "./suite-section.ts";

const links: Links = { types: new Map([["Shelf", "#shelf"], ["Options", "component.md#options"]]), errors: "../errors.md" };

const SOURCE = `
import type { Options } from "./options.ts";
const SIZE = z.number();
/** Holds things.
 *
 * They stay as they are.
 *
 * @experimental until a second one is there
 */
export interface Shelf extends Things {
  /** In bytes. @see nothing */
  readonly size?: number | undefined;
  readonly state: "full" | { /** Since when. */ readonly since: Date };
  /**
   * Takes a thing down.
   *
   * @param name of it
   * @returns what it was
   * @throws MLS3001 when there is none
   */
  take?(name: string, /* why not */ options?: Options): Promise<Shelf>;
}
interface Hidden { readonly a: 1 }
/** A size. */
export type Size = z.output<typeof SIZE>;
export function shelf(size: Size): Shelf { return make(size); }
`;

test("a doc comment is told apart by its tags, and lines that were broken are one", () => {
  expect(docCommentOf("*\n * One\n * line.\n *\n * - a\n *   b\n * - c\n *\n * @throws MLS1 when\n *   so\n * @example\n * a();\n * b();\n ".slice(1))).toEqual({
    text: "One line.\n\n- a b\n- c", params: [], throws: ["MLS1 when so"], examples: ["a();\nb();"],
  });
});

test("what is exported is read with what is said of it and of its parts, and nothing else", () => {
  const [shelf, size, make, ...more] = declarationsOf("a.ts", SOURCE);
  expect(more).toEqual([]);
  expect(shelf).toMatchObject({ name: "Shelf", kind: "interface", extends: ["Things"], doc: { text: "Holds things.\n\nThey stay as they are.", experimental: "until a second one is there" } });
  expect(shelf?.members.map((m) => [m.name, m.kind, m.optional, m.signature, m.parts.map((p) => `${p.name}: ${p.doc.text}`)])).toEqual([
    ["size", "property", true, "number | undefined", []],
    ["state", "property", false, '"full" | { readonly since: Date }', ["since: Since when."]],
    ["take", "method", true, "take?(name: string, options?: Options): Promise<Shelf>", []],
  ]);
  expect(size?.source).toBe("const SIZE = z.number();\n\ntype Size = z.output<typeof SIZE>;");
  expect(make).toMatchObject({ name: "shelf", kind: "function", source: "function shelf(size: Size): Shelf", doc: { text: "" } });
});

test("a section has signatures, what they take, give and throw, and where the types are", () => {
  const text = declarationSection(declarationsOf("a.ts", SOURCE)[0]!, links).join("\n");
  expect(text).toContain("| `size` (may be left out) | `number` | In bytes. @see nothing |");
  expect(text).toContain('| `state` | `"full"`` \\| { readonly since: Date }` | `since`: since when. |'.replace("``", ""));
  expect(text).toContain("### Shelf.take\n\n```ts\ntake?(name: string, options?: Options): Promise<Shelf>\n```\n\nMay be left out.\n\nTakes a thing down.\n\n- `name`: of it\n\n**Gives** what it was.\n\n**Throws** [MLS3001](../errors.md#mls3001) when there is none.\n\n→ [Options](component.md#options)");
});

test("names and codes are links, angle brackets are text", () => {
  expect(prose("`Shelf` of <x> has MLS3001, not `MLS3002 <y>`", links)).toBe("[`Shelf`](#shelf) of &lt;x> has [MLS3001](../errors.md#mls3001), not `MLS3002 <y>`");
  expect(typeText('Promise<Shelf | "Shelf">', links)).toBe('`Promise<`[`Shelf`](#shelf)` | "Shelf">`');
  expect([...addressesOf(["Plugin", "plugin", "Other"]).values()]).toEqual(["plugin", "plugin-1", "other"]);
});

test("cases of one clause stand together, whatever lies between them", () => {
  const one = (id: string, clause: string) => ({ id, title: `${id} holds`, clause, needs: id === "b" ? ["touch"] : [] });
  const lines = suiteSection({ contract: "shelf@1", export: "shelfSuite", cases: [one("a", "It holds"), one("b", "@throws MLS3001"), one("c", "It holds")], declaration: undefined, subject: [] }, links);
  expect(lines.slice(-3)).toEqual([
    "| It holds | `a` | a holds |  |", "|  | `c` | c holds |  |", "| throws [MLS3001](../errors.md#mls3001) | `b` | b holds | `touch` |",
  ]);
});

test("a page has the cases of its contract's suite, and says how stable it is", () => {
  const cases = [{ id: "put.x", title: "x is put", clause: "Bytes by key" }];
  const pages = contractPages(root, [{ contract: "artifact_store@1", export: "artifactStoreSuite", cases }], new Map([["artifact_store", { accepts: [1], stability: "experimental" }]]));
  expect(pages[`${FOLDER}/artifact_store.md`]).toContain("| Bytes by key | `put.x` | x is put |  |");
  expect(pages[`${FOLDER}/artifact_store.md`]).toContain("Accepted versions: 1. Stability: **experimental**");
  expect(pages[`${FOLDER}/README.md`]).toContain("[1 cases]".replace("cases", "case"));
});

test("nothing in the reference goes without a word: every type, property and method has a doc comment", () => {
  const all = PAGES.flatMap((page) => [...declarationsFor(page, root), ...(page.type === undefined ? [] : suiteSource(page.type, root)?.subject ?? [])]);
  const silent = all.flatMap(({ name, doc, members }) => [
    ...(doc.text === "" ? [name] : []),
    // `contract` says itself what it is
    ...members.filter((m) => m.name !== "contract" && m.doc.text === "" && m.doc.returns === undefined).map((m) => `${name}.${m.name}`),
  ]);
  expect(silent).toEqual([]);
});
