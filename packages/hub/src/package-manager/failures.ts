import { MlstackError, type ErrorCode } from "@mlstack/core/errors";
import type { ManagerName } from "./types.ts";

/** What a manager was asked to do and how that ended. */
export interface Failure {
  readonly manager: ManagerName;
  /** The command as a person would type it, for messages. */
  readonly command: string;
  readonly lines: readonly string[];
  readonly exitCode: number | undefined;
  readonly endedBy: string | undefined;
  /** What brings the lock up to date. */
  readonly remake: string;
}

interface Kind {
  readonly code: ErrorCode;
  /** Found in what the managers print; all of them, as far as they can be told apart by their words. */
  readonly signs: RegExp;
  readonly message: (failure: Failure) => string;
  readonly fix: (failure: Failure) => string;
}

/**
 * In the order in which they are looked for. What is said of a disk or a policy may stand beside words of the network; and an answer of the
 * registry beside those of the connection: pnpm 12 calls a 404 a network error.
 */
const KINDS: readonly Kind[] = [
  {
    code: "MLS3004", signs: /\bENOSPC\b|no space left on device|NoSpaceLeft|os error 28\b|\bEDQUOT\b/i,
    message: ({ manager }) => `${manager} found no space left on the disk`, fix: () => "free space, then do it again",
  },
  {
    code: "MLS8306", signs: /\bEACCES\b|\bEPERM\b|\bEROFS\b|permission denied|AccessDenied|read-only file system|os error (?:13|30)\b/i,
    message: ({ manager }) => `${manager} may not write where it must`, fix: () => "make the folder that it names writable for this user: the project's node_modules, or the manager's cache",
  },
  {
    code: "MLS8302", signs: /can only install packages when your package\.json|with an existing package-lock|ERR_PNPM_(?:FROZEN_LOCKFILE_WITH_)?OUTDATED_LOCKFILE|ERR_PNPM_NO_LOCKFILE|ERR_PNPM_LOCKFILE_CONFIG_MISMATCH|run with `--frozen-lockfile`|YN0028|lockfile is frozen/,
    message: ({ manager }) => `${manager}'s lock does not fit package.json`, fix: ({ remake }) => `${remake}, and commit the lock`,
  },
  {
    code: "MLS8303", signs: /\bERESOLVE\b|ERR_PNPM_PEER_DEP_ISSUES/,
    message: ({ manager }) => `${manager} finds that packages want different versions of one that they share`, fix: () => "take versions that fit together: what was said names them",
  },
  {
    code: "MLS8105", signs: /\bENOTCACHED\b|ERR_PNPM_NO_OFFLINE|in our cache \(possible versions|--offline: no cached|YN0080|can not be located in cache|offline mirror/,
    message: ({ manager }) => `${manager} needs something that its cache does not have, and is to use no network`, fix: () => "do it once without --offline",
  },
  {
    code: "MLS8201", signs: /\bEINTEGRITY\b|ERR_PNPM_TARBALL_INTEGRITY|integrity check failed|IntegrityCheckFailed|YN0018/i,
    message: ({ manager }) => `${manager} got other bytes than the lock or the registry says`, fix: ({ manager }) => `don't use what was downloaded; look for what stands between: a mirror, a proxy, ${manager}'s cache`,
  },
  {
    code: "MLS8103", signs: /\bE40[13]\b|\bENEEDAUTH\b|ERR_PNPM_FETCH_40[13]|\bHTTP (?:status client error \()?40[13]\b|\b401 Unauthorized|\b403 Forbidden|YN0041|YN0033|Response Code: 40[13]|\bGET \S+ - 40[13]\b|^error .*: (?:unauthorized|forbidden|authentication|authorization)/i,
    message: ({ manager }) => `the registry does not allow it to ${manager}`, fix: ({ manager }) => `${manager === "npm" || manager === "pnpm" ? `${manager} login, or ` : ""}set the registry's token in the settings that ${manager} reads`,
  },
  {
    code: "MLS8305", signs: /ERR_PNPM_IGNORED_BUILDS|Ignored build scripts:|ERR_PNPM_NO_MATURE|minimum-?release-?age|ERR_PNPM_TRUST_DOWNGRADE|--strict-allow-scripts: \d|quarantined|npmMinimalAgeGate/i,
    message: ({ manager }) => `${manager}'s own policy refuses a package`,
    fix: ({ manager, lines }) => (lines.some((line) => /ignored build scripts|ignored_builds/i.test(line)) ? "pnpm approve-builds: say for each whether its script may run" : `change that setting of ${manager}'s, or take another version`),
  },
  {
    code: "MLS8102", signs: /\bE404\b|\bETARGET\b|ERR_PNPM_FETCH_404|ERR_PNPM_NO_MATCHING_VERSION|\b404 Not Found|^error .*: not found|Couldn't find (?:any versions|package)|YN0082|Response Code: 404|\bGET \S+ - 404\b|No version matching/i,
    message: ({ manager }) => `the registry has no such package or version for ${manager}`, fix: () => "correct the name or version, or the registry that is asked: --registry",
  },
  {
    code: "MLS8104", signs: /invalid json response body|malformed response from registry|ERR_PNPM_BROKEN_METADATA/i,
    message: ({ manager }) => `what ${manager} was answered is not what a registry answers`, fix: () => "look at what answers at the registry's address: often it is a portal to log in at, or a proxy",
  },
  {
    code: "MLS8101",
    signs: /\bE(?:CONN(?:REFUSED|RESET|ABORTED)|NOTFOUND|AI_AGAIN|(?:SOCKET)?TIMEDOUT|NETUNREACH|HOSTUNREACH|PROTO|429|5\d\d)\b|ERR_SOCKET_TIMEOUT|ERR_PNPM_(?:META_)?FETCH|SIBLING_FETCH_FAILED|NETWORK_ERROR|error sending request|tcp connect error|dns error|\bHTTP (?:status \w+ error \()?(?:429|5\d\d)\b|Connection(?:Refused|Closed|Reset)|FailedToOpenSocket|fetch failed|socket hang up|YN0001.*(?:RequestError|ReadError|TimeoutError)|Response Code: (?:429|5\d\d)|\bGET \S+ - (?:429|5\d\d)\b|network connection|trouble with the npm registry|self[- ]signed certificate|unable to (?:get|verify)[\w ]*certificate|\bCERT_/i,
    message: ({ manager }) => `${manager} did not reach the registry, or got no whole answer`, fix: () => "try again; look at the network, the proxy and the registry that the settings name",
  },
];

/** A failure of a manager as an error of ours, told by what it printed; MLS8304 for what its words don't tell. */
export function failureOf(failure: Failure): MlstackError {
  const { manager, exitCode, endedBy } = failure;
  const lines = withoutUsage(failure.lines);
  const said = wordsOf(lines);
  // pnpm 12 breaks its words off at a line's end
  const kind = KINDS.find(({ signs }) => lines.some((line) => signs.test(line)) || signs.test(said.join(" ")));
  const details = { manager, command: failure.command, ...(exitCode !== undefined && { exitCode }), ...(endedBy !== undefined && { signal: endedBy }), said };
  const why = said.length === 0 ? "it printed nothing" : `it said: ${said.slice(0, SHOWN).join("\n        ")}`;
  if (kind !== undefined) return new MlstackError(kind.code, kind.message(failure), { why, fix: kind.fix(failure), details });
  const how = endedBy === undefined ? `ended with ${exitCode ?? "an error"}` : `was ended by ${endedBy}`;
  return new MlstackError("MLS8304", `${manager} ${how}`, { why, fix: `mend what it says, then do it again; what was run: ${failure.command}`, details });
}

/** How many lines of a manager an error shows; its details keep more. */
const SHOWN = 6;
const KEPT = 20;

/** npm explains all its options to whom it could have told what is wrong. */
function withoutUsage(lines: readonly string[]): readonly string[] {
  const from = lines.findIndex((line) => /^npm (?:error|ERR!) (?:Clean install a project|Usage:)/.test(line));
  return from < 0 ? lines : lines.slice(0, from);
}

/** The lines that say what went wrong: those that a manager marks as errors, or all where it marks none. */
function wordsOf(lines: readonly string[]): string[] {
  const told = lines.filter((line) => !NOISE.test(line));
  const marked = told.filter((line) => ERROR_LINE.test(line));
  const from = told.findIndex((line) => /ERR_PNPM_/.test(line));
  // pnpm marks where its words begin, not each line of them
  const chosen = from >= 0 ? told.slice(from) : marked.length > 0 ? marked : told.slice(-KEPT);
  return [...new Set(chosen.map(cleaned).filter((line) => line !== ""))].slice(0, KEPT);
}

const ERROR_LINE = /^npm (?:error|ERR!)|^error\b|^➤ YN(?!0000|0002|0013|0060|0085|0086)\d{4}|^(?:Internal|Usage) Error|^note:/;
/** Places in a manager's own code, progress, what it was called with, differences line by line. */
const NOISE = /^(?:npm (?:error|ERR!))?\s+at |Note that you can also install from|^npm error 404 tarball, folder|Fix the upstream dependency conflict|A complete log of this run|^npm (?:error|ERR!) (?:code|errno|syscall|address|path|dest) |^npm (?:error|ERR!)\s+(?:code|errno|type|port|syscall|address|requiredBy): |^npm (?:error|ERR!) [{}]?$|For a full report|^(?:info Visit https|yarn \w+ v1|\[\d\/\d\] |Progress: |Packages: |[+-]+$)|^➤ YN0028: │ [+-]|^npm (?:error|ERR!)\s+(?:node_modules\/|\S+@"[^"]*" from )|^This error happened while|^\s*× (?:adding a new package|installing dependencies)$/;

function cleaned(line: string): string {
  return line.replace(/^npm (?:error|ERR!)\s?(?:\d{3}|notarget|network)?\s*/, "").replace(/^➤ YN\d{4}: [│└┌·]?\s*/, "").replace(/^\s*(?:[×│├╰]─?[─▶]*|error:?(?: Error:)?|Error:)\s*/, "").trim();
}
