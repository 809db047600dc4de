import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { CLI_REFERENCE, cliReference } from "./cli-reference.ts";

test("docs/cli-reference.md is written from the program: npm run cli-reference", () => { expect(readFileSync(CLI_REFERENCE, "utf8")).toBe(cliReference()); });
