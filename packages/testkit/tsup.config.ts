import { library } from "../../scripts/presets/library.ts";
import { entriesOf } from "../../scripts/presets/workspaces.ts";
// The program of the kit's process is started by its path, so it is an entry although nobody imports it.
export default library({ entry: [...entriesOf(process.cwd()).map(({ source }) => source), "src/conformance/run/kit-main.ts"] });
