import { library } from "../../scripts/presets/library.ts";
import { entriesOf } from "../../scripts/presets/workspaces.ts";

// Kysely is 300 modules, and finding them takes longer than everything else a command does. It stays a dependency for its types.
// The program of worker processes is started by its path, so it is an entry although nobody imports it.
export default library({ entry: [...entriesOf(process.cwd()).map(({ source }) => source), "src/step/worker-main.ts"], noExternal: ["kysely"] });
