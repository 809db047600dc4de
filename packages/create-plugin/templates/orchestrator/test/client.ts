// A client in a process of its own, which the cases of conformance end: node client.ts FOLDER
import { conformanceClient } from "@mlstack/testkit/conformance";
import { acmeOrchestrator } from "../src/orchestrator.ts";

const [packagesFrom = "."] = process.argv.slice(2);
await conformanceClient(async () => acmeOrchestrator({ concurrency: 3, packagesFrom }, packagesFrom));
