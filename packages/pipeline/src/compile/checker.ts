import type { Node } from "./ast.ts";
import type { Context } from "./symbolic.ts";
import type { Symbols } from "./symbols.ts";

/** A part of a unit that runs when its module is evaluated and whose result can't be told from the source alone. */
export interface Impurity {
  readonly node: Node;
  /** It may change something, or run code that does. Without: it only reads, perhaps from outside. */
  readonly effect: boolean;
  /** It gives what mlstack found in a stack or a run. */
  readonly finding: boolean;
  /** It puts a value into something, and runs nothing. */
  readonly isStore: boolean;
}

/** Looks at code that runs when a module is evaluated, and records what of it is not pure. */
export interface Checker {
  readonly symbols: Symbols;
  expression(node: Node, ctx: Context): void;
  /** An argument or element: it may be spread. */
  item(node: Node, ctx: Context): void;
  /** A declaration of any kind. */
  declaration(node: Node, kind: string | undefined, ctx: Context): void;
  push(node: Node, effect: boolean, finding?: boolean): void;
  /** Notes a value that is put into something else and may be called from there. */
  store(target: Node, value: Node): void;
  /** Functions that are being looked at: recursion ends there, and so does a long chain of calls. */
  readonly running: Node[];
  /** Whether `look` finds an effect; what it finds is not recorded. */
  hasEffect(look: () => void): boolean;
}
