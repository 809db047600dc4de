import { project } from "../../scripts/presets/vitest.ts";

// A plain `vitest run` has the tests that need no browser; those in one end in .browser.ts and are run by scripts/test-site.ts.
const browser = process.env["MLSTACK_BROWSER"] !== undefined;
export default project({ include: [browser ? "**/*.browser.ts" : "**/*.test.ts"], timeout: 120_000, hookTimeout: 120_000, built: true });
