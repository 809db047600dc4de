import { project } from "../../scripts/presets/vitest.ts";
export default project({ include: ["**/*.test.ts"], timeout: 60_000, built: true });
