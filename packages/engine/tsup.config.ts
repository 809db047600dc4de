import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { library } from "../../scripts/presets/library.ts";
import { entriesOf } from "../../scripts/presets/workspaces.ts";

// The library's own ES modules: those that it gives Node are CommonJS, which can't be bundled into ES modules.
const yaml = join(dirname(createRequire(import.meta.url).resolve("yaml/package.json")), "browser", "dist", "index.js");

// Kysely is 300 modules, yaml 70, and finding them takes longer than everything else a command does. They stay dependencies for their types.
// The programs of worker processes, of a step's guard, of deployments and of the keychain are started by their paths, so they are entries although nobody imports them.
export default library({ entry: [...entriesOf(process.cwd()).map(({ source }) => source), "src/step/worker-main.ts", "src/step/guard-main.ts", "src/secrets/keychain-main.ts", "src/deploy/supervisor/supervisor-main.ts", "src/deploy/model/model-main.ts"], external: ["@napi-rs/keyring"], noExternal: ["kysely", "yaml"], esbuildOptions(options) { options.alias = { ...options.alias, yaml }; } });
