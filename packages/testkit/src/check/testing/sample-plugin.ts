import { mkdirSync, mkdtempSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const packages = join(import.meta.dirname, "..", "..", "..", "..");

/** A plugin's files by path. `package.json` is kept apart, so that a twin changes one field of it. */
export interface SamplePlugin {
  readonly json: Record<string, unknown>;
  readonly files: Record<string, string>;
}

const ENTRY = `import { component, definePlugin, secret } from "@mlstack/core";
import { z } from "zod";

export default definePlugin({
  name: "@acme/mlstack-plugin-acme",
  components: [
    component({
      type: "artifact_store", version: 1, flavor: "acme", description: "Artifacts in buckets of Acme",
      config: z.strictObject({
        endpoint: z.url().describe("The service's address."),
        partSize: z.int().default(8).describe("The size of parts, in MiB."),
        login: z.strictObject({ token: secret(z.string()).describe("A token of the service.") }).optional().describe("Who this is; nobody by default."),
      }),
      permissions: { hosts: ["*"] },
      create: async (config) => (await import("./store.js")).store(config),
    }),
  ],
});
`;

const README = `# @acme/mlstack-plugin-acme

Acme as an artifact store.

\`\`\`sh
npm install @acme/mlstack-plugin-acme
\`\`\`

## Configuration

| key | default | meaning |
|---|---|---|
| \`endpoint\` | – | the service's address |
| \`part_size\` | 8 | the size of parts, in MiB |
| \`login\` | nobody | \`token\`, a secret |
`;

/** One that keeps all conventions. Its manifest is what its code says. */
export function samplePlugin(): SamplePlugin {
  return {
    json: {
      name: "@acme/mlstack-plugin-acme", version: "1.0.0", description: "Acme as an artifact store of mlstack", keywords: ["mlstack-plugin"], license: "MIT",
      repository: { type: "git", url: "git+https://example.com/acme.git" }, type: "module", engines: { node: ">=22.19" },
      exports: { ".": { types: "./dist/index.d.ts", default: "./dist/index.js" }, "./package.json": "./package.json" },
      files: ["dist"], publishConfig: { access: "public" }, dependencies: { zod: "^4.0.0", "acme-sdk": "^1.2.0" }, peerDependencies: { "@mlstack/core": ">=0.1.0 <1" },
      mlstack: {
        manifestVersion: 1, entry: "./dist/index.js", core: ">=0.1.0 <1",
        components: [{
          contract: "artifact_store@1", flavor: "acme", aliases: [], description: "Artifacts in buckets of Acme",
          config: {
            $schema: "https://json-schema.org/draft/2020-12/schema", type: "object",
            properties: {
              endpoint: { type: "string", format: "uri", description: "The service's address." },
              partSize: { default: 8, description: "The size of parts, in MiB.", type: "integer", minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER },
              login: { description: "Who this is; nobody by default.", type: "object", properties: { token: { secret: true, description: "A token of the service.", type: "string" } }, required: ["token"], additionalProperties: false },
            },
            required: ["endpoint"], additionalProperties: false,
          },
          permissions: { hosts: ["*"], files: [], processes: [], env: [] },
        }],
        pure: [], formats: [], contracts: [],
      },
    },
    files: {
      "dist/index.js": ENTRY,
      "dist/index.d.ts": 'import type { PluginDefinition } from "@mlstack/core";\ndeclare const plugin: PluginDefinition;\nexport default plugin;\n',
      "dist/store.js": 'import { MlstackError } from "@mlstack/core";\nimport "acme-sdk";\nexport function store() { throw new MlstackError("MLS6001", "not reached"); }\n',
      "README.md": README, LICENSE: "MIT\n", "conformance.ts": "export default [];\n",
    },
  };
}

/** Writes a plugin into a new folder, with core, zod and an SDK where Node finds them. @returns its path, with links resolved */
export function writePlugin({ json, files }: SamplePlugin): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "mlstack-check-")));
  const dir = join(root, "plugin");
  const put = (path: string, text: string): void => { mkdirSync(dirname(path), { recursive: true }); writeFileSync(path, text); };
  put(join(dir, "package.json"), `${JSON.stringify(json, null, 2)}\n`);
  for (const [path, text] of Object.entries(files)) put(join(dir, path), text);
  const modules = join(root, "node_modules");
  put(join(modules, "acme-sdk", "package.json"), JSON.stringify({ name: "acme-sdk", version: "1.2.0", type: "module", exports: "./index.js" }));
  put(join(modules, "acme-sdk", "index.js"), "export const client = {};\n");
  mkdirSync(join(modules, "@mlstack"));
  symlinkSync(join(packages, "core"), join(modules, "@mlstack", "core"), "junction");
  symlinkSync(join(packages, "..", "node_modules", "zod"), join(modules, "zod"), "junction");
  return dir;
}
