// A client in a process of its own: node orchestrator-client.ts FLAVOR FOLDER
import { conformanceClient } from "@mlstack/testkit/conformance";
import { openers } from "./orchestrators.ts";

const [flavor, dir] = process.argv.slice(2);
await conformanceClient(() => openers[flavor!]!(dir!));
