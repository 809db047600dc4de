import type { Kit } from "./kits.ts";
import type { LeftOut } from "./left-out.ts";
import { quotes, sentencesOf } from "./sentences.ts";

/** A promise of a contract: the cases that see whether it is kept, and what each of them has been seen to refuse. */
export interface Clause {
  readonly text: string;
  readonly cases: readonly { readonly id: string; readonly title: string }[];
  readonly faults: readonly string[];
}

/** The clauses of a suite, in the order of its cases. */
export function clausesOf({ suite, bads }: Kit): readonly Clause[] {
  return [...new Set(suite.cases.map(({ clause }) => clause))].map((text) => {
    const cases = suite.cases.filter(({ clause }) => clause === text);
    const ids = new Set(cases.map(({ id }) => id));
    return { text, cases, faults: [...new Set(bads.filter(({ killers }) => killers.some((id) => ids.has(id))).map(({ fault }) => fault))] };
  });
}

/** What is not as it should be: promises that nothing breaks, sentences that nobody has thought of, and what is named and not there. */
export function problemsOf(kit: Kit, source: string, leftOut: readonly LeftOut[]): readonly string[] {
  const { suite: { contract, cases }, bads } = kit;
  const ids = new Set(cases.map(({ id }) => id));
  const named = leftOut.flatMap(({ sentences }) => sentences);
  const sentences = sentencesOf(source).map(({ text }) => text).filter((text) => !/^(@experimental\b|Stable\b|Another shape is another version)/.test(text));
  const isLeftOut = (text: string): boolean => named.some((beginning) => text.startsWith(beginning));
  return [
    ...clausesOf(kit).filter(({ faults }) => faults.length === 0).map(({ text }) => `${contract}: no known-bad breaks "${text}"`),
    ...bads.flatMap(({ fault, killers }) => killers.filter((id) => !ids.has(id)).map((id) => `${contract}: ${id}, which is to refuse one that ${fault}, is no case`)),
    ...bads.filter(({ killers }) => killers.length === 0).map(({ fault }) => `${contract}: no case refuses one that ${fault}`),
    ...sentences.filter((text) => !isLeftOut(text) && !cases.some(({ clause }) => quotes(clause, text))).map((text) => `${contract}: no case quotes "${text}", and scripts/clauses/left-out.ts does not say why`),
    ...named.filter((beginning) => !sentences.some((text) => text.startsWith(beginning))).map((beginning) => `${contract}: scripts/clauses/left-out.ts names "${beginning}", which the contract does not say`),
  ];
}
