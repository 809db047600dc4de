import { project } from "../../scripts/presets/vitest.ts";

// A plain `vitest run` tests the scaffold only. Tests against servers end in .live.ts and are run by scripts/test-live.ts, which installs
// what they need (minutes, and a network).
// The contracts' suites on such servers end in .conformance.ts and are run by npm run evidence.
// Servers start and stop in hooks, on machines that do other things, too.
const kind = { 1: "live", conformance: "conformance" }[process.env["MLSTACK_LIVE"] ?? ""] ?? "test";
export default project({ include: [`**/*.${kind}.ts`], timeout: 120_000, hookTimeout: 300_000, built: true });
