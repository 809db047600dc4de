import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { z } from "zod";
import type { Outcome } from "./project.ts";

/** The document of `--json`, which must be all that is on stdout, and have the published schema of its command. */
export function documentOf(command: string, { stdout }: Outcome): Record<string, unknown> {
  const schema = JSON.parse(readFileSync(join(import.meta.dirname, "..", "..", "..", "packages", "cli", "schemas", `${command}.json`), "utf8")) as Parameters<typeof z.fromJSONSchema>[0];
  const document = JSON.parse(stdout) as Record<string, unknown>;
  const checked = z.fromJSONSchema(schema).safeParse(document);
  expect(checked.error?.issues ?? [], `${command}: ${stdout}`).toEqual([]);
  return document;
}
