export { nodePluginHost, type BuiltInPlugin } from "./node-plugin-host.ts";
