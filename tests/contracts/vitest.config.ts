import { project } from "../../scripts/presets/vitest.ts";
export default project({ include: ["**/*.test.ts"], built: true });
