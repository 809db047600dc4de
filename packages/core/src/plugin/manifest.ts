import { z } from "zod";
import type { PluginDefinition } from "./define-plugin.ts";
import type { JsonObject } from "../values/json.ts";

const names = z.array(z.string()).default([]);

/** What a component reaches outside of the process. Shown before consent, and compared by the conformance kit with what it does. */
const permissions = z.strictObject({
  /** Host names, `*.acme.com` for those below one, `*` for hosts from the configuration. */
  hosts: names,
  /** Folders it reads or writes, `~` at the beginning for the home, `*` for folders from the configuration. */
  files: names,
  /** Programs it starts, by their names; `worker_threads` for threads; `*` for programs that settings name. */
  processes: names,
  /** Environment variables it reads, `ACME_*` for all of a prefix, `*` for all of them. */
  env: names,
});
/** What a component reaches outside of the process, each by default nothing. A declaration, shown and compared: it holds nothing back. */
export type Permissions = Partial<z.output<typeof permissions>>;

const componentEntry = z.looseObject({
  contract: z.string(),
  /** The package that brings the component type, where that is neither core nor this one. */
  contractPackage: z.string().optional(),
  flavor: z.string(),
  aliases: names,
  description: z.string(),
  /** JSON Schema (2020-12) of the configuration. */
  config: z.custom<JsonObject>((v) => typeof v === "object" && v !== null && !Array.isArray(v)),
  permissions: permissions.prefault({}),
  /** Whether it works only where the project's folder is; `unless` names the key of the configuration whose absolute path makes it work elsewhere. */
  local: z.union([z.boolean(), z.strictObject({ unless: z.string() })]).optional(),
});

/**
 * The `"mlstack"` field of a plugin's package.json: all that listing, help and completion need, without running its code.
 * Written by the plugin's build from its definition. Unknown fields are left alone: they come from newer cores.
 */
export const pluginManifest = z.looseObject({
  manifestVersion: z.literal(1),
  /** The module whose default export is the plugin, relative to the package. */
  entry: z.string().regex(/^\.\//, "must begin with ./"),
  /** The range of @mlstack/core that it works with. */
  core: z.string(),
  components: z.array(componentEntry).default([]),
  /** Exports that only describe; what calls them at the top of a module has no effect. */
  pure: names,
  formats: z.array(z.looseObject({ format: z.string(), description: z.string() })).default([]),
  contracts: z.array(z.looseObject({ type: z.string(), accepts: z.array(z.int().positive()), stability: z.enum(["experimental", "stable"]) })).default([]),
});
/** A manifest that was read, defaults filled in. */
export type PluginManifest = z.output<typeof pluginManifest>;
/** What a manifest says of one flavor. */
export type ComponentEntry = PluginManifest["components"][number];

/** The manifest that a definition stands for; what the build writes and CI compares. */
export function manifestOf(plugin: PluginDefinition, entry: string, core: string): PluginManifest {
  return pluginManifest.parse({
    manifestVersion: 1, entry, core,
    components: plugin.components.map((c) => ({
      contract: c.contract, ...(c.contractPackage !== undefined && { contractPackage: c.contractPackage }), flavor: c.flavor, ...(c.aliases !== undefined && { aliases: c.aliases }), description: c.description,
      config: z.toJSONSchema(c.config, { io: "input" }), ...(c.permissions !== undefined && { permissions: c.permissions }), ...(c.local !== undefined && { local: c.local }),
    })),
    pure: [...plugin.pure],
    formats: plugin.formats,
    contracts: plugin.contracts.map(({ type, accepts, stability }) => ({ type, accepts, stability })),
  });
}
