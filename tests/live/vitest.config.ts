import { project } from "../../scripts/presets/vitest.ts";

// A plain `vitest run` tests the scaffold only. Tests against servers end in .live.ts and are run by scripts/test-live.ts, which installs
// what they need (minutes, and a network).
// Servers start and stop in hooks, on machines that do other things, too.
const live = process.env["MLSTACK_LIVE"] !== undefined;
export default project({ include: [live ? "**/*.live.ts" : "**/*.test.ts"], timeout: 120_000, hookTimeout: 300_000, built: true });
