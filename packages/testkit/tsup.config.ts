import { library } from "../../scripts/presets/library.ts";
import { entriesOf } from "../../scripts/presets/workspaces.ts";
// The programs of the kit's process and of clients are started by their paths, so they are entries although nobody imports them.
export default library({ entry: [...entriesOf(process.cwd()).map(({ source }) => source), "src/conformance/run/kit-main.ts", "src/conformance/kit/client-main.ts"] });
