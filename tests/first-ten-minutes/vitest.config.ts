import { project } from "../../scripts/presets/vitest.ts";

// The session itself is run by main.ts: npm run first-ten-minutes.
export default project({ include: ["**/*.test.ts"], timeout: 60_000, built: true });
