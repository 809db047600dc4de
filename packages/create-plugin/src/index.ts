export { createPlugin, type Created, type PluginPlan } from "./create-plugin.ts";
export { CreateError } from "./create-error.ts";
export { PLUGIN_TYPES, type PluginType } from "./plugin-types.ts";
