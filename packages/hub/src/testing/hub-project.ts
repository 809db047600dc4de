import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { MlstackError } from "@mlstack/core/errors";
import type { PackageManager, RunOptions, Subtree } from "../package-manager/types.ts";
import { openRegistry } from "../registry/open-registry.ts";
import type { Registry } from "../registry/registry.ts";
import { fakeRegistry, type FakeRegistry } from "./fake-registry.ts";
import { madePlugin, type MadePlugin, type PluginOptions } from "./plugins.ts";
import { scratch, type Scratch } from "./scratch.ts";

/** A package manager that is this process: package.json, a lock of names and versions, and node_modules with a made plugin's files. */
export interface TestManager extends PackageManager {
  /** What it was asked, in order: `add @acme/x@1.0.0`. */
  readonly calls: string[];
  /** Called while packages are added, after package.json was written, before anything else is. */
  during: (options: RunOptions) => Promise<void>;
  /** What is unpacked in the place of a plugin's files. */
  unpack: (made: MadePlugin) => Readonly<Record<string, string>>;
  /** Ids of packages with an install script below a plugin, by its name. */
  scripts: Readonly<Record<string, readonly string[]>>;
}

/** A project, a registry that it asks, and a package manager. */
export interface HubProject {
  readonly folder: Scratch;
  readonly dir: string;
  readonly stateDir: string;
  readonly server: FakeRegistry;
  readonly registry: Registry;
  /** Another one, which knows nothing yet. */
  reopen(options?: { readonly offline?: boolean }): Promise<Registry>;
  readonly manager: TestManager;
  publish(options: PluginOptions): MadePlugin;
  /** Text of a file of the project; undefined where there is none. */
  text(path: string): string | undefined;
  stop(): Promise<void>;
}

export async function hubProject(): Promise<HubProject> {
  const [folder, server] = [scratch(), await fakeRegistry()];
  const dir = join(folder.dir, "project");
  folder.put({ "project/package.json": `${JSON.stringify({ name: "project", private: true }, undefined, 2)}\n` });
  const made = new Map<string, MadePlugin>();
  const reopen = ({ offline = false }: { readonly offline?: boolean } = {}): Promise<Registry> => openRegistry({
    projectDir: dir, registry: server.url, cacheDir: join(folder.dir, "cache"), offline,
    env: { HOME: join(folder.dir, "home"), USERPROFILE: join(folder.dir, "home"), PREFIX: join(folder.dir, "prefix"), NPM_CONFIG_FETCH_RETRIES: "0" },
  });
  return {
    folder, dir, server, registry: await reopen(), reopen, stateDir: join(dir, ".mlstack"), manager: testManager(dir, made),
    publish(options) {
      const plugin = madePlugin(options);
      made.set(`${plugin.version.name}@${plugin.version.version}`, plugin);
      server.add(plugin);
      return plugin;
    },
    text: (path) => (existsSync(join(dir, path)) ? readFileSync(join(dir, path), "utf8") : undefined),
    async stop() {
      await server.stop();
      folder.remove();
    },
  };
}

function testManager(projectDir: string, made: ReadonlyMap<string, MadePlugin>): TestManager {
  const [manifestFile, lockFile] = [join(projectDir, "package.json"), join(projectDir, "package-lock.json")];
  const read = (path: string): { dependencies?: Record<string, string> } => (existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) as { dependencies?: Record<string, string> } : {});
  const write = (path: string, value: unknown): void => { writeFileSync(path, `${JSON.stringify(value, undefined, 2)}\n`); };
  const folderOf = (name: string): string => join(projectDir, "node_modules", name);
  const sync = (): void => {
    const { dependencies = {} } = read(lockFile);
    for (const name of new Set([...made.values()].map(({ version }) => version.name))) if (dependencies[name] === undefined) rmSync(folderOf(name), { recursive: true, force: true });
    for (const [name, version] of Object.entries(dependencies)) {
      rmSync(folderOf(name), { recursive: true, force: true });
      for (const [path, text] of Object.entries(manager.unpack(made.get(`${name}@${version}`)!))) {
        mkdirSync(dirname(join(folderOf(name), path)), { recursive: true });
        writeFileSync(join(folderOf(name), path), text);
      }
    }
  };
  const change = (edit: (dependencies: Record<string, string>) => void): void => {
    const manifest = read(manifestFile);
    const dependencies = { ...manifest.dependencies };
    edit(dependencies);
    write(manifestFile, { ...manifest, dependencies });
  };
  const manager: TestManager = {
    name: "npm", projectDir, rootDir: projectDir, lockFile, files: [manifestFile, lockFile], inPackage: (dir) => ({ ...manager, projectDir: dir }), calls: [], during: async () => undefined, unpack: ({ files }) => files, scripts: {},
    version: async () => "1.0.0",
    async add(packages, options) {
      if (packages.length === 0) return;
      manager.calls.push(...packages.map(({ name, spec }) => `add ${name}@${spec}`));
      change((dependencies) => { for (const { name, spec } of packages) dependencies[name] = spec; });
      await manager.during(options);
      write(lockFile, { dependencies: read(manifestFile).dependencies });
      sync();
    },
    async remove(names) {
      if (names.length === 0) return;
      manager.calls.push(...names.map((name) => `remove ${name}`));
      change((dependencies) => { for (const name of names) delete dependencies[name]; });
      write(lockFile, { dependencies: read(manifestFile).dependencies });
      sync();
    },
    async install({ frozen }) {
      manager.calls.push(frozen ? "install frozen" : "install");
      if (!frozen) write(lockFile, { dependencies: read(manifestFile).dependencies ?? {} });
      sync();
    },
    packages: async () => Object.entries(read(lockFile).dependencies ?? {}).map(([name, version]) => ({ name, version, integrity: made.get(`${name}@${version}`)?.version.integrity, from: undefined })),
    async subtree(name): Promise<Subtree> {
      const version = read(lockFile).dependencies?.[name];
      if (version === undefined) throw new MlstackError("MLS8308", `the lock has no ${name}`);
      const ids = [`${name}@${version}`, ...manager.scripts[name] ?? []];
      return {
        root: ids[0]!, edges: [], digest: Buffer.from(ids.join()).toString("hex").padEnd(64, "0").slice(0, 64),
        packages: ids.map((id, i) => ({ id, name: id.slice(0, id.lastIndexOf("@")), version: id.slice(id.lastIndexOf("@") + 1), integrity: undefined, installScript: i > 0 })),
      };
    },
  };
  return manager;
}
