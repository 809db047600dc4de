import type { Orchestrator } from "@mlstack/core";
import { conformanceClient } from "../orchestrator/client.ts";
import type { ClientTask } from "./client-program.ts";
import { openComponent, readPlugin } from "./plugin-package.ts";

// The program of a client of an orchestrator under test, in a process of its own: node client-main.js TASK
const { folder, contract, flavor, config, place } = JSON.parse(process.argv[2]!) as ClientTask;
const plugin = await readPlugin(folder);
// the contract is the orchestrator's, or nobody asks for a client
await conformanceClient(async () => await openComponent(plugin, { contract, flavor }, config, { place }) as Orchestrator);
