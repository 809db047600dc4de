import { library } from "../../scripts/presets/library.ts";
export default library();
