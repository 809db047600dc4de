import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { documentOf } from "./documents.ts";
import { BIN, jsonOf, run, type Outcome } from "./project.ts";
import { testRegistry, type TestRegistry } from "./registry.ts";

/** A project whose integrations come from a registry of its own, by npm; with a home, a cache and a cache of npm's in the same temporary folder. */
export interface HubCli {
  /** All of it. */
  readonly folder: string;
  readonly dir: string;
  readonly home: string;
  readonly server: TestRegistry;
  /** Paths are seen from the temporary folder: `project/package.json`, `home/.npmrc`. */
  write(path: string, text: string | Uint8Array): void;
  /** The whole path of a file of the project. */
  at(path: string): string;
  /** Undefined where there is none. */
  read(path: string): string | undefined;
  /** Of every command; may be added to. */
  readonly env: Record<string, string>;
  npm(...args: readonly string[]): Promise<Outcome>;
  mlstack(...args: readonly string[]): Promise<Outcome>;
  /** The data of a command that is to succeed, of the published form. */
  data(...args: readonly string[]): Promise<unknown>;
  /** How a command ended: its exit code and its error's code; undefined for none. */
  end(...args: readonly string[]): Promise<readonly [number | null, string | undefined]>;
  /** package.json, npm's lock and mlstack.lock, as they are. */
  state(): readonly (string | undefined)[];
  /** The version that lies in node_modules. */
  installed(name: string): string | undefined;
  close(): Promise<void>;
}

/** @param options.token is wanted by the registry of every request, `publisher` of those that publish; nobody is given them here */
export async function hubCli(options: { readonly token?: string; readonly publisher?: string } = {}): Promise<HubCli> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "mlstack-hub-e2e-")));
  const server = await testRegistry(options);
  const [dir, home] = [join(folder, "project"), join(folder, "home")];
  const read = (path: string): string | undefined => (existsSync(join(folder, path)) ? readFileSync(join(folder, path), "utf8") : undefined);
  const write = (path: string, text: string | Uint8Array): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  mkdirSync(home);
  write("project/package.json", JSON.stringify({ name: "project", private: true, type: "module" }));
  write("project/.npmrc", `registry=${server.url}\n`);
  const env: Record<string, string> = {
    HOME: home, USERPROFILE: home, npm_config_userconfig: join(home, ".npmrc"), MLSTACK_CACHE_DIR: join(folder, "cache"), npm_config_cache: join(folder, "npm-cache"), npm_config_fetch_retries: "0", npm_config_update_notifier: "false",
  };
  const mlstack = (...args: readonly string[]): Promise<Outcome> => run(process.execPath, [BIN, ...args], dir, env);
  return {
    folder, dir, home, server, write, read, env, mlstack,
    at: (path) => join(dir, path),
    npm: (...args) => run(process.platform === "win32" ? "npm.cmd" : "npm", args, dir, env),
    async data(...args) {
      const outcome = await mlstack("integration", ...args, "--json");
      if (outcome.code !== 0) throw new Error(`mlstack integration ${args.join(" ")} ended with ${outcome.code}:\n${outcome.stdout}\n${outcome.stderr}`);
      return documentOf(`integration-${args[0]!}`, outcome)["data"];
    },
    async end(...args) {
      const outcome = await mlstack("integration", ...args, "--json");
      return [outcome.code, jsonOf(outcome).error?.code];
    },
    state: () => ["package.json", "package-lock.json", "mlstack.lock"].map((name) => read(`project/${name}`)),
    installed(name) {
      const text = read(`project/node_modules/${name}/package.json`);
      return text === undefined ? undefined : (JSON.parse(text) as { readonly version: string }).version;
    },
    async close() {
      await server.stop();
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
