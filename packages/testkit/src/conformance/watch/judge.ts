import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { AccessKind } from "../run/report.ts";
import type { Asked } from "./seen.ts";

/** What an access is compared with. */
export interface Permitted {
  /** By kind, what the manifest declares. */
  readonly declared: Readonly<Record<AccessKind, readonly string[]>>;
  /** Every text in the configuration that the component has got. */
  readonly config: readonly string[];
  /** Where relative paths of a configuration are meant from. */
  readonly projectDir: string;
  /** The plugin's package. */
  readonly packageDir: string;
  /** The temporary folder of the kit's process. */
  readonly tempDir: string;
  readonly home: string;
}

/** `by` has what of the manifest allows it; undefined where it needs no permission. */
export type Verdict = { readonly allowed: true; readonly by?: string | undefined } | { readonly allowed: false };

const FREE: Verdict = { allowed: true };
const REFUSED: Verdict = { allowed: false };

/** Compares what a plugin asks for with what its manifest declares. docs/plugins/conformance.md has the rules in words. */
export function judge(asked: Asked, permitted: Permitted): Verdict {
  switch (asked.kind) {
    case "hosts": return by(permitted.declared.hosts, (entry) => isHost(asked.host.toLowerCase(), asked.port, entry, permitted));
    case "files": return declaredOr(needsNone(asked, permitted), by(permitted.declared.files, (entry) => isFile(asked.path, entry, permitted)));
    case "processes": return by(permitted.declared.processes, (entry) => entry === "*" || entry === asked.program || programName(asked.program) === programName(entry));
    case "env": return declaredOr(AMBIENT.has(upper(asked.name)), by(permitted.declared.env, (entry) => isVariable(upper(asked.name), upper(entry))));
  }
}

/** What is declared counts as seen, also where it would be free. */
const declaredOr = (isFree: boolean, declared: Verdict): Verdict => (declared.allowed || !isFree ? declared : FREE);

function by(declared: readonly string[], fits: (entry: string) => boolean): Verdict {
  const entry = declared.find(fits);
  return entry === undefined ? REFUSED : { allowed: true, by: entry };
}

// ---- hosts

function isHost(host: string, port: number | undefined, entry: string, { config }: Permitted): boolean {
  if (entry === "*") return config.some((text) => hostsIn(text).some((one) => isSameHost(host, one) || host.endsWith(`.${one}`)));
  const name = entry.toLowerCase();
  if (name.startsWith("*.")) return host.endsWith(name.slice(1));
  return isSameHost(host, name) || (port !== undefined && name === `${host}:${port}`);
}

function isSameHost(a: string, b: string): boolean {
  return a === b || (isLoopback(a) && isLoopback(b));
}

const isLoopback = (host: string): boolean => host === "localhost" || host.endsWith(".localhost") || /^127(\.\d{1,3}){3}$/.test(host) || host === "::1" || host === "0.0.0.0" || host === "::";

/** What a text of a configuration names as hosts: that of a URL, or the text itself, `host` or `host:port`; several with commas between. */
function hostsIn(text: string): string[] {
  return text.split(",").flatMap((part) => {
    const word = part.trim();
    const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(word) && URL.canParse(word) ? new URL(word).hostname : undefined;
    const [, bare] = /^(\[[0-9a-f:]+\]|[a-z0-9_.-]+)(?::\d+)?$/i.exec(word) ?? [];
    const host = (url ?? bare ?? (word.includes(":") && !word.includes("/") ? word : "")).toLowerCase().replace(/^\[|\]$/g, "");
    return host === "" ? [] : [host];
  });
}

// ---- files

function needsNone({ path, how }: Asked & { readonly kind: "files" }, { packageDir, tempDir, projectDir, config, declared, home }: Permitted): boolean {
  if (within(path, tempDir) || within(path, projectDir)) return true;
  if (how === "write") return DEVICES.has(path);
  // what a package reads of itself, and of what it depends on; and where it looks for them
  if (within(path, packageDir) || path.split(sep).includes("node_modules") || (basename(path) === "package.json" && within(packageDir, dirname(path)))) return true;
  if (SYSTEM.some((folder) => within(path, folder)) || SYSTEM_FILES.has(path)) return true;
  if (how !== "look") return false;
  // whoever makes a folder looks at those above it
  return [packageDir, tempDir, projectDir, ...declared.files.flatMap((entry) => foldersOf(entry, { config, projectDir, home }))].some((folder) => within(folder, path));
}

function isFile(path: string, entry: string, permitted: Permitted): boolean {
  return foldersOf(entry, permitted).some((folder) => within(path, folder));
}

/** The folders, or files, that an entry of the manifest stands for. */
function foldersOf(entry: string, { config, projectDir, home }: Pick<Permitted, "config" | "projectDir" | "home">): string[] {
  if (entry === "*") return config.flatMap((text) => pathOf(text, projectDir, home)).filter((path) => dirname(path) !== path);
  return pathOf(entry, projectDir, home);
}

function pathOf(text: string, from: string, home: string): string[] {
  if (text === "" || text.includes("\0")) return [];
  if (text === "~" || text.startsWith("~/")) return [join(home, text.slice(1))];
  if (text.startsWith("file:")) { try { return [fileURLToPath(text)]; } catch { return []; } }
  return [isAbsolute(text) ? resolve(text) : resolve(from, text)];
}

function within(path: string, folder: string): boolean {
  const rest = relative(folder, path);
  return rest === "" || (!rest.startsWith("..") && !isAbsolute(rest)) || (rest.startsWith("..") && rest !== ".." && !rest.startsWith(`..${sep}`));
}

const DEVICES: ReadonlySet<string> = new Set(["/dev/null", "\\\\.\\nul"]);
/** What the system says of itself and of the process. */
const SYSTEM: readonly string[] = process.platform === "win32" ? [] : ["/dev", "/proc", "/sys"];
/** Where packages with native code look which C library there is. */
const SYSTEM_FILES: ReadonlySet<string> = new Set(["/usr/bin/ldd", "/etc/os-release", "/usr/lib/os-release"]);

// ---- processes

function programName(program: string): string {
  return basename(program.replaceAll("\\", "/")).toLowerCase().replace(/\.(?:exe|cmd|bat|com)$/, "");
}

// ---- variables

function isVariable(name: string, entry: string): boolean {
  return entry === "*" || entry === name || (entry.endsWith("*") && name !== "*" && name.startsWith(entry.slice(0, -1)));
}

const upper = (name: string): string => (process.platform === "win32" ? name.toUpperCase() : name);

/** What says how any process prints, where its home and its temporary files are, and how Node works: libraries ask for these, and they are no secrets. */
const AMBIENT: ReadonlySet<string> = new Set([
  "NODE_ENV", "NODE_DEBUG", "NODE_OPTIONS", "NODE_EXTRA_CA_CERTS", "NODE_NO_WARNINGS", "NODE_TLS_REJECT_UNAUTHORIZED", "DEBUG", "NO_COLOR", "FORCE_COLOR", "COLORTERM", "CI", "JEST_WORKER_ID", "TERM", "TZ", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE",
  "HOME", "USERPROFILE", "HOMEDRIVE", "HOMEPATH", "TMPDIR", "TEMP", "TMP", "PATH", "Path",
]);
