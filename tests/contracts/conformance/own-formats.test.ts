import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { conformanceTests, formatSuite } from "@mlstack/testkit/conformance";
import { afterAll, describe, test } from "vitest";
import { ownFormats } from "./formats.ts";

const dir = realpathSync(mkdtempSync(join(tmpdir(), "mlstack-formats-")));
afterAll(() => { rmSync(dir, { recursive: true, force: true }); });

describe.each(ownFormats(dir))("%s", (_, subject) => { conformanceTests(test.concurrent, formatSuite, () => subject); });
