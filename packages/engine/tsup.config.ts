import { library } from "../../scripts/presets/library.ts";
import { entriesOf } from "../../scripts/presets/workspaces.ts";

// Kysely is 300 modules, and finding them takes longer than everything else a command does. It stays a dependency for its types.
// The programs of worker processes, of a step's guard and of deployments are started by their paths, so they are entries although nobody imports them.
export default library({ entry: [...entriesOf(process.cwd()).map(({ source }) => source), "src/step/worker-main.ts", "src/step/guard-main.ts", "src/deploy/supervisor/supervisor-main.ts", "src/deploy/model/model-main.ts"], noExternal: ["kysely"] });
