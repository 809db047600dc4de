import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { hubCli, type HubCli } from "./hub-cli.ts";

export const PLUGIN = "@acme/mlstack-plugin-vault";

const CODE = `import { component, definePlugin } from "@mlstack/core";
import { z } from "zod";

export default definePlugin({
  name: "${PLUGIN}",
  components: [
    component({
      type: "secret_store", version: 1, flavor: "acme_vault", description: "Secrets of Acme",
      config: z.strictObject({ folder: z.string().describe("Where the vault lies.") }),
      permissions: { files: ["*"] },
      create: async (config) => (await import("./vault.js")).vault(config),
    }),
  ],
});
`;

const README = `# ${PLUGIN}

Secrets of Acme.

\`\`\`sh
mlstack integration install ${PLUGIN}
\`\`\`

## Configuration

| key | meaning |
|---|---|
| \`folder\` | where the vault lies |
`;

/** A plugin as its author has it, in \`project\`, built, without a manifest yet. */
export interface AuthorProject extends HubCli {
  /** Changes package.json. */
  edit(change: (json: Record<string, unknown>) => void): void;
}

/** @param options.publisher the token of those that may publish; nobody is given it here */
export async function authorProject(options: { readonly publisher?: string } = {}): Promise<AuthorProject> {
  const p = await hubCli(options);
  const json = {
    name: PLUGIN, version: "1.0.0", description: "Secrets of Acme for mlstack", keywords: ["mlstack-plugin"], license: "MIT", repository: { type: "git", url: "git+https://example.com/vault.git" }, type: "module", engines: { node: ">=22.19" },
    exports: { ".": { types: "./dist/index.d.ts", default: "./dist/index.js" }, "./package.json": "./package.json" }, files: ["dist"], publishConfig: { access: "public", provenance: true },
    dependencies: { zod: "^4.0.0" }, peerDependencies: { "@mlstack/core": ">=0.1.0 <1" },
  };
  p.write("project/package.json", `${JSON.stringify(json, null, 4)}\n`);
  p.write("project/dist/index.js", CODE);
  p.write("project/dist/vault.js", "export const vault = ({ folder }) => ({ contract: \"secret_store@1\", get: () => Promise.resolve(folder) });\n");
  p.write("project/dist/index.d.ts", 'declare const plugin: import("@mlstack/core").PluginDefinition;\nexport default plugin;\n');
  p.write("project/README.md", README);
  p.write("project/LICENSE", "MIT\n");
  p.write("project/conformance.ts", "export default [];\n");
  const root = join(import.meta.dirname, "..", "..", "..");
  mkdirSync(join(p.dir, "node_modules", "@mlstack"), { recursive: true });
  for (const name of ["core", "testkit"]) symlinkSync(join(root, "packages", name), join(p.dir, "node_modules", "@mlstack", name), "junction");
  symlinkSync(join(root, "node_modules", "zod"), join(p.dir, "node_modules", "zod"), "junction");
  return {
    ...p,
    edit(change) {
      const now = JSON.parse(p.read("project/package.json")!) as Record<string, unknown>;
      change(now);
      p.write("project/package.json", `${JSON.stringify(now, null, 4)}\n`);
    },
  };
}
