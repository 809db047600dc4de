import { isAbsolute, relative, sep } from "node:path";
import type { AddedPackage, ManagerName } from "./types.ts";

/** The managers, and yarn twice: its two kinds share little but their name. */
export type Flavor = Exclude<ManagerName, "yarn"> | "yarn-classic" | "yarn-berry";

/** What is run: the program is the manager's name. */
export interface Command {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

interface Where { readonly offline: boolean; readonly registry: string | undefined }

/** How one manager is told what to do. */
export interface Commands {
  readonly program: ManagerName;
  /** What to run to bring the lock up to date, for messages. */
  readonly remake: string;
  /** How a package of the workspace is asked for, given its version. */
  workspaceSpec(version: string): string;
  /**
   * Exact versions; without scripts, by a flag of this one command.
   *
   * @param fresh takes versions that the manager by default would wait with; pnpm does when they are named, and writes that down
   */
  add(specs: readonly string[], fresh: boolean): Command;
  remove(names: readonly string[]): Command;
  /** @param lenient does not fail for scripts that nobody has decided on; they don't run either way */
  install(frozen: boolean, lenient: boolean): Command;
  /** A frozen installation over what is there, for a manager whose own removes that first: what looks whether the lock fits, then what installs. */
  readonly overInstalled?: readonly [check: Command, install: Command];
  where(options: Where): Command;
  /** The names of files in node_modules by which it knows, without a look, that all is installed. */
  readonly notes: RegExp;
  /** Only this registry, for all scopes, and it is the proxy, too. @param scopes such as `@acme` */
  shelf(url: string, scopes: readonly string[]): Command;
}

const command = (...args: readonly string[]): Command => ({ args, env: {} });
const plainVersion = (version: string): string => version;
const anyWorkspace = (): string => "workspace:*";
const flags = (offline: string | undefined, registry: string | undefined): Command => command(...[offline, registry].filter((flag) => flag !== undefined));

const NPM = ["--no-audit", "--no-fund", "--no-update-notifier"];
const npm: Commands = {
  program: "npm", remake: "npm install", workspaceSpec: plainVersion, notes: /^\.package-lock\.json$/,
  add: (specs) => command("install", "--save", "--save-prod", "--save-exact", "--ignore-scripts", ...NPM, ...specs),
  remove: (names) => command("uninstall", "--save", "--ignore-scripts", ...NPM, ...names),
  install: (frozen) => command(frozen ? "ci" : "install", ...NPM),
  // `npm ci` removes node_modules before it has fetched anything: without a network nothing would be left, and the program that runs this lies there, too
  overInstalled: [command("ci", "--dry-run", "--ignore-scripts", ...NPM), command("install", "--no-save", ...NPM)],
  where: ({ offline, registry }) => flags(offline ? "--offline" : undefined, registry && `--registry=${registry}`),
  // without the last npm would go where its lock says
  shelf: (url, scopes) => command(`--registry=${url}`, ...scopes.map((scope) => `--${scope}:registry=${url}`), `--proxy=${url}`, `--https-proxy=${url}`, "--noproxy=127.0.0.1", "--replace-registry-host=always"),
};

// without a terminal pnpm would not remove a node_modules folder that does not fit, but fail
const PNPM = ["--reporter=append-only", "--config.confirmModulesPurge=false"];
/** From pnpm 11 on a script that was neither allowed nor forbidden is a failure; it does not run either way. */
const LENIENT = "--config.strictDepBuilds=false";
const pnpm: Commands = {
  program: "pnpm", remake: "pnpm install", workspaceSpec: anyWorkspace, notes: /^\.pnpm-workspace-state/,
  add: (specs) => command("add", "--save-prod", "--save-exact", "--ignore-scripts", LENIENT, "--ignore-workspace-root-check", ...PNPM, ...specs),
  remove: (names) => command("remove", "--config.ignoreScripts=true", LENIENT, ...PNPM, ...names),
  install: (frozen, lenient) => command("install", frozen ? "--frozen-lockfile" : "--no-frozen-lockfile", ...(lenient ? [LENIENT] : []), ...PNPM),
  // `pnpm remove` has no such flags, and takes all settings
  where: ({ offline, registry }) => flags(offline ? "--config.offline=true" : undefined, registry && `--config.registry=${registry}`),
  shelf: (url, scopes) => command(`--config.registry=${url}`, ...scopes.map((scope) => `--config.${scope}:registry=${url}`)),
};

const classic: Commands = {
  program: "yarn", remake: "yarn install", workspaceSpec: plainVersion, notes: /^\.yarn-integrity$/,
  add: (specs) => command("add", "--exact", "--ignore-scripts", "--non-interactive", "--ignore-workspace-root-check", ...specs),
  remove: (names) => command("remove", "--ignore-scripts", "--non-interactive", "--ignore-workspace-root-check", ...names),
  install: (frozen) => command("install", ...(frozen ? ["--frozen-lockfile"] : []), "--non-interactive"),
  where: npm.where,
  shelf: (url, scopes) => ({ args: ["--registry", url], env: Object.fromEntries(scopes.map((scope) => [`npm_config_${scope}:registry`, url])) }),
};

// in CI yarn would refuse to change its lock
const BERRY = { YARN_ENABLE_IMMUTABLE_INSTALLS: "false", YARN_ENABLE_TELEMETRY: "false", YARN_ENABLE_PROGRESS_BARS: "false" };
// `enableScripts: false` would do for what is added, and make yarn forget that the project's own packages are built
const SKIP_BUILD = "--mode=skip-build";
const berry: Commands = {
  program: "yarn", remake: "yarn install", workspaceSpec: anyWorkspace, notes: /^\.yarn-state\.yml$/,
  add: (specs, fresh) => ({ args: ["add", "--exact", SKIP_BUILD, ...specs], env: { ...BERRY, ...(fresh && { YARN_NPM_MINIMAL_AGE_GATE: "0" }) } }),
  remove: (names) => ({ args: ["remove", SKIP_BUILD, ...names], env: BERRY }),
  install: (frozen) => ({ args: ["install", frozen ? "--immutable" : "--no-immutable"], env: frozen ? { ...BERRY, YARN_ENABLE_IMMUTABLE_INSTALLS: "true" } : BERRY }),
  where: ({ offline, registry }) => ({
    args: [],
    env: {
      ...(offline && { YARN_ENABLE_NETWORK: "false" }),
      ...(registry !== undefined && { YARN_NPM_REGISTRY_SERVER: registry }),
      // who names such a registry by hand means it
      ...(registry?.startsWith("http:") === true && { YARN_UNSAFE_HTTP_WHITELIST: new URL(registry).hostname }),
    },
  }),
  // it knows no exceptions from a proxy
  shelf: (url) => joined(berry.where({ offline: false, registry: url }), { args: [], env: { YARN_HTTP_PROXY: url, YARN_HTTPS_PROXY: url } }),
};

const bun: Commands = {
  program: "bun", remake: "bun install", workspaceSpec: anyWorkspace, notes: /^$/,
  add: (specs) => command("add", "--exact", "--ignore-scripts", "--no-progress", ...specs),
  remove: (names) => command("remove", "--ignore-scripts", "--no-progress", ...names),
  install: (frozen) => command("install", ...(frozen ? ["--frozen-lockfile"] : []), "--no-progress"),
  where: npm.where,
  shelf: (url) => command(`--registry=${url}`),
};

export const COMMANDS: Readonly<Record<Flavor, Commands>> = { npm, pnpm, "yarn-classic": classic, "yarn-berry": berry, bun };

/** A package as the manager takes it on its command line. */
export function specOf({ name, spec }: AddedPackage, commands: Commands, projectDir: string): string {
  if (spec.startsWith("workspace:")) return `${name}@${commands.workspaceSpec(spec.slice("workspace:".length))}`;
  if (!spec.startsWith("file:")) return `${name}@${spec}`;
  const path = spec.slice("file:".length);
  // what is written into package.json must hold on other machines
  return `${name}@file:${(isAbsolute(path) ? relative(projectDir, path) : path).split(sep).join("/")}`;
}

export function joined(...commands: readonly Command[]): Command {
  return { args: commands.flatMap(({ args }) => args), env: Object.assign({}, ...commands.map(({ env }) => env)) as Record<string, string> };
}
