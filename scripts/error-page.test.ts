import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { ERROR_PAGE, errorPage } from "./error-page.ts";

test("docs/errors.md is written from the codes: npm run errors", () => { expect(readFileSync(ERROR_PAGE, "utf8")).toBe(errorPage()); });
