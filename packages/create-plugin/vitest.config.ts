import { project } from "../../scripts/presets/vitest.ts";
export default project();
