import { repoOf, type Manifest, type Repo } from "./repo.ts";

const engines = { node: ">=24" };

function published(folder: string, manifest: Manifest): Manifest {
  return {
    version: "0.1.0",
    description: "A package",
    license: "Apache-2.0",
    type: "module",
    sideEffects: false,
    engines,
    exports: { ".": { types: "./dist/index.d.ts", default: "./dist/index.js" }, "./package.json": "./package.json" },
    files: ["dist", "src", "!src/**/*.test.ts", "!src/**/*.test-d.ts", "!src/**/testing", "!src/**/fixtures"],
    publishConfig: { access: "public", provenance: true },
    repository: { directory: folder },
    ...manifest,
  };
}

function packageFiles(folder: string, manifest: Manifest, source: string): Record<string, string> {
  return {
    [`${folder}/package.json`]: JSON.stringify(published(folder, manifest)),
    [`${folder}/README.md`]: "# A package\n",
    [`${folder}/LICENSE`]: "Apache License\n",
    [`${folder}/tsup.config.ts`]: "export {};\n",
    [`${folder}/src/index.ts`]: source,
  };
}

/** The smallest repository in which every rule finds nothing. */
export const cleanFiles: Readonly<Record<string, string>> = {
  "package.json": JSON.stringify({
    private: true,
    workspaces: ["packages/*"],
    engines,
    scripts: { test: "t", quickstart: "q" },
    devDependencies: { vitest: "5.1.1" },
  }),
  "README.md": "Type `npm test` or `npm run quickstart`.\n",
  "docs/hub.md": "| what | shown by |\n|---|---|\n| it is | `packages/core/src/index.test.ts › core › is there` |\n| it will be | planned |\n",
  "docs/plugins/versioning.md": "| what | shown by |\n|---|---|\n| it stays | planned |\n",
  "docs/plugins/publish.md": "| what | shown by |\n|---|---|\n| it stays | planned |\n",
  "packages/core/src/index.test.ts": 'import { describe, it } from "vitest";\ndescribe("core", () => { it("is there", () => {}); });\n',
  "tsconfig.base.json": JSON.stringify({
    compilerOptions: { paths: { "@mlstack/core": ["./packages/core/src/index.ts"], "@mlstack/plugin-x": ["./packages/plugin-x/src/index.ts"] } },
  }),
  ...packageFiles("packages/core", { name: "@mlstack/core", dependencies: { zod: "^4.0.0" } }, 'import { z } from "zod";\nexport { z };\n'),
  ...packageFiles(
    "packages/plugin-x",
    {
      name: "@mlstack/plugin-x",
      keywords: ["mlstack-plugin"],
      dependencies: { zod: "^4.0.0" },
      peerDependencies: { "@mlstack/core": ">=0.1.0 <1" },
      devDependencies: { "@mlstack/core": "^0.1.0" },
    },
    'export { z } from "@mlstack/core";\n',
  ),
};

/** The clean repository with some files replaced or added. */
export function sampleRepo(changes: Readonly<Record<string, string>> = {}): Repo {
  const files = new Map(Object.entries({ ...cleanFiles, ...changes }));
  return repoOf("/clone", [...files.keys()], (file) => files.get(file) ?? "");
}

/** A manifest of the clean repository with some fields replaced. */
export function changed(file: string, fields: Readonly<Record<string, unknown>>): Record<string, string> {
  return { [file]: JSON.stringify({ ...(JSON.parse(cleanFiles[file] ?? "{}") as object), ...fields }) };
}
