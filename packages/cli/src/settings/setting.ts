import type { DataOf } from "../json/documents.ts";

/** A setting that is in force: its value, and what has decided it. */
export type Setting = DataOf<"config-show">[number];
export type Origin = Setting["origin"];

export const byDefault: Origin = { kind: "default", name: null, line: null };
export const byFlag = (name: string): Origin => ({ kind: "flag", name, line: null });
export const byVariable = (name: string): Origin => ({ kind: "variable", name, line: null });
export const byFile = (name: string, line: number | null = null): Origin => ({ kind: "file", name, line });

/** `--stack`, `MLSTACK_STACK`, `mlstack.yaml:5`, `default`. */
export function originText({ kind, name, line }: Origin): string {
  return name === null ? kind : line === null ? name : `${name}:${line}`;
}
