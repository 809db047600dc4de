import { MlstackError } from "@mlstack/core/errors";

/** What npm's settings say, as far as registries are asked by it. */
export interface NpmSettings {
  /** Options for npm's own client: registries, credentials, proxies, certificates. Holds secrets. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The registry of a package, by its scope; with a slash at its end. */
  registryOf(name: string): string;
  /** A variable that a token for this URL refers to and that is not set. */
  unsetVariable(url: string): string | undefined;
  /** Whether there is any credential for this URL. */
  hasCredentials(url: string): boolean;
}

type Env = Readonly<Record<string, string | undefined>>;

/** npm waits for minutes until it tells that nobody answers; people at a prompt would not. What the user has set holds. */
const PATIENCE = { "fetch-timeout": ["timeout", 60_000], "fetch-retry-mintimeout": ["minTimeout", 300], "fetch-retry-maxtimeout": ["maxTimeout", 3000] } as const;

/**
 * Reads them as npm does, by npm's own library: .npmrc of the project (in a workspace, of its root), of the user and of the machine, and
 * NPM_CONFIG_ variables.
 *
 * @param registry goes before the default registry, not before the registry that a scope has
 * @throws MLS8106
 */
export async function npmSettings({ projectDir, env, registry }: { readonly projectDir: string; readonly env: Env; readonly registry: string | undefined }): Promise<NpmSettings> {
  const [{ default: Config }, { default: defs }, { default: fetch }] = await Promise.all([import("@npmcli/config"), import("@npmcli/config/lib/definitions/index.js"), import("npm-registry-fetch")]);
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined));
  const config = new Config({
    ...defs, env: set, cwd: projectDir, warn: false, argv: ["node", "npm", ...(registry === undefined ? [] : [`--registry=${registry}`])],
    // npm's own folder, where some systems keep settings; ours has none
    npmPath: import.meta.dirname,
  });
  let flat: Readonly<Record<string, unknown>>;
  try {
    await config.load();
    flat = config.flat;
  } catch (cause) { throw unusable(cause instanceof Error ? cause.message : String(cause), cause); }
  const retry = { ...(flat["retry"] as Record<string, unknown>) };
  let timeout = flat["timeout"];
  for (const [key, [name, value]] of Object.entries(PATIENCE)) {
    if (config.find(key) !== "default") continue;
    if (name === "timeout") timeout = value;
    else retry[name] = value;
  }
  const options = { ...flat, retry, timeout, cache: undefined, offline: false, preferOffline: false, preferOnline: false, userAgent: `mlstack node/${process.versions.node} ${process.platform} ${process.arch}` };
  const registryOf = (name: string): string => {
    const url = fetch.pickRegistry(name, options);
    if (!/^https?:\/\//.test(url) || !URL.canParse(url)) throw unusable(`the registry "${url}" is no http or https address`, undefined);
    return `${url.replace(/\/*$/, "")}/`;
  };
  return {
    options, registryOf,
    hasCredentials(url) {
      const { token, auth, cert } = fetch.getAuth(url, options);
      return token !== null || auth !== null || cert !== null;
    },
    unsetVariable: (url) => /\$\{([^}]+)\}/.exec(fetch.getAuth(url, options).token ?? "")?.[1],
  };
}

function unusable(problem: string, cause: unknown): MlstackError {
  return new MlstackError("MLS8106", `npm's settings cannot be used: ${problem}`, { why: "registries, tokens, proxies and certificates are read from .npmrc files and NPM_CONFIG_ variables", fix: "correct it; npm config list shows where it stands", ...(cause !== undefined && { cause }) });
}
