import { parseSync, Visitor, type Comment, type Node } from "oxc-parser";
import { docCommentOf, NO_DOC, type DocComment } from "./doc-comment.ts";

/** What a module exports and describes. */
export interface Declaration {
  readonly name: string;
  readonly kind: "interface" | "type" | "function" | "const";
  readonly doc: DocComment;
  /** As it stands in the source, comments of its parts included; of a function without its body. Constants that it is made of stand before it. */
  readonly source: string;
  /** The names behind `extends`. */
  readonly extends: readonly string[];
  /** Of an interface. */
  readonly members: readonly Member[];
}

export interface Member {
  readonly name: string;
  readonly kind: "method" | "property";
  /** It may be left out. */
  readonly optional: boolean;
  readonly doc: DocComment;
  /** On one line, without comments: of a property its type, of a method all of it. */
  readonly signature: string;
  /** What is said of the parts of its type. */
  readonly parts: readonly { readonly name: string; readonly doc: DocComment }[];
}

/** The exported declarations of a module, in the order of its source. */
export function declarationsOf(file: string, text: string): readonly Declaration[] {
  const { program, comments } = parseSync(file, text);
  const source = new Source(text, comments);
  const own = program.body.flatMap((statement) => (statement.type === "VariableDeclaration" ? declared(statement, NO_DOC, source) : []));
  return program.body
    .flatMap((statement) => (statement.type === "ExportNamedDeclaration" && statement.declaration !== null ? declared(statement.declaration, source.docOf(statement), source) : []))
    .map((one) => (one.kind === "const" || one.kind === "type" ? withParts(one, own) : one));
}

/** Of a schema or type that is made of constants of its module: these first. */
function withParts(one: Declaration, own: readonly Declaration[]): Declaration {
  const named = (text: string): readonly Declaration[] => own.filter(({ name }) => new RegExp(`\\b${name}\\b`).test(text.replaceAll(/\/\*[\s\S]*?\*\//g, "")));
  const parts = new Set(named(one.source).flatMap((part) => [...named(part.source), part]));
  return parts.size === 0 ? one : { ...one, source: [...[...parts].map((part) => part.source), one.source].join("\n\n") };
}

class Source {
  private readonly text: string;
  private readonly comments: readonly Comment[];

  constructor(text: string, comments: readonly Comment[]) {
    this.text = text;
    this.comments = comments;
  }

  /** The doc comment that ends right before a node. */
  docOf({ start }: { readonly start: number }): DocComment {
    const before = this.comments.findLast((c) => c.end <= start);
    const isDoc = before?.type === "Block" && before.value.startsWith("*") && this.text.slice(before.end, start).trim() === "";
    return isDoc ? docCommentOf(before.value.slice(1)) : NO_DOC;
  }

  slice(start: number, end: number): string { return this.text.slice(start, end).trim(); }

  /** Without comments, on one line. */
  line(start: number, end: number): string {
    let text = "";
    let at = start;
    for (const c of this.comments.filter((one) => one.start >= start && one.end <= end)) { text += this.text.slice(at, c.start); at = c.end; }
    return (text + this.text.slice(at, end)).replaceAll(/\s+/g, " ").replace(/[;,]\s*$/, "").replaceAll("; }", " }").trim();
  }
}

function declared(node: Node, doc: DocComment, source: Source): Declaration[] {
  const whole = { doc, source: source.slice(node.start, node.end), extends: [], members: [] };
  switch (node.type) {
    case "TSInterfaceDeclaration": return [{ ...whole, kind: "interface", name: node.id.name, extends: node.extends.map((e) => source.slice(e.start, e.end)), members: node.body.body.flatMap((member) => memberOf(member, source)) }];
    case "TSTypeAliasDeclaration": return [{ ...whole, kind: "type", name: node.id.name }];
    case "FunctionDeclaration": return [{ ...whole, kind: "function", name: node.id?.name ?? "default", source: source.slice(node.start, node.body?.start ?? node.end) }];
    case "VariableDeclaration": return node.declarations.flatMap(({ id }): Declaration[] => (id.type === "Identifier" ? [{ ...whole, kind: "const", name: id.name }] : []));
    default: return [];
  }
}

function memberOf(node: Node, source: Source): Member[] {
  if ((node.type !== "TSPropertySignature" && node.type !== "TSMethodSignature") || node.computed || node.key.type !== "Identifier") return [];
  const doc = source.docOf(node);
  const common = { name: node.key.name, optional: node.optional, doc, parts: partsOf(node, source) };
  if (node.type === "TSMethodSignature") return [{ ...common, kind: "method", signature: source.line(node.start, node.end) }];
  const type = node.typeAnnotation?.typeAnnotation;
  return [{ ...common, kind: "property", signature: type === undefined ? "unknown" : source.line(type.start, type.end) }];
}

function partsOf(member: Node, source: Source): Member["parts"] {
  const parts: { name: string; doc: DocComment }[] = [];
  const visitor = new Visitor({
    TSPropertySignature: (node) => {
      if (node.start === member.start || node.key.type !== "Identifier") return;
      const doc = source.docOf(node);
      if (doc !== NO_DOC) parts.push({ name: node.key.name, doc });
    },
  });
  // a visitor begins with a program
  visitor.visit({ type: "Program", body: [member], sourceType: "module", hashbang: null, start: member.start, end: member.end } as never);
  return parts;
}
