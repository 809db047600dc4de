import type { AccessKind } from "../run/report.ts";

/** What a built-in of Node's was asked for. */
export type Asked =
  | { readonly kind: "hosts"; readonly host: string; readonly port?: number | undefined }
  /** `look`: whether it is there, how large. */
  | { readonly kind: "files"; readonly path: string; readonly how: "look" | "read" | "write" }
  | { readonly kind: "processes"; readonly program: string }
  /** `*` stands for all of them. */
  | { readonly kind: "env"; readonly name: string };

/** Hears of what is asked for, before it is done. Never throws. */
export type Hear = (asked: Asked) => void;

/** As it is shown: `host:port`, a path, a program, a variable. */
export function shownPlace(asked: Asked): string {
  switch (asked.kind) {
    case "hosts": return asked.port === undefined ? asked.host : `${asked.host.includes(":") ? `[${asked.host}]` : asked.host}:${asked.port}`;
    case "files": return asked.path;
    case "processes": return asked.program;
    case "env": return asked.name === "*" ? "* (all variables at once)" : asked.name;
  }
}

export const KINDS: readonly AccessKind[] = ["hosts", "files", "processes", "env"];
