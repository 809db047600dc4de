import { project } from "../../scripts/presets/vitest.ts";
export default project({ include: ["**/*.test.ts"], timeout: 180_000, built: true });
