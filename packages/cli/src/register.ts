// node --import mlstack/register run.ts: a user's TypeScript as it comes (tsconfig paths, enums, imports without an extension)
import { installSourceHooks } from "@mlstack/pipeline/compile";

installSourceHooks();
