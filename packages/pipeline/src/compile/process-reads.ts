/** What code can read of the process and the machine, besides environment variables, and what becomes of it in the key. */
export type ProcessRead =
  /** Decided by operating system and processor: then the platform is part of the key. */
  | "platform"
  /** Differs from process to process or from machine to machine, and can be no part of a key. */
  | "unknown"
  /** An event, a clock or a measurement: as non-deterministic as any other. */
  | "nothing";

/** Members of process that tell nothing of where the step runs. */
const HARMLESS: ReadonlySet<string> = new Set([
  "on", "once", "off", "addListener", "removeListener", "removeAllListeners", "prependListener", "prependOnceListener", "listeners", "rawListeners", "listenerCount", "eventNames", "emit", "setMaxListeners", "getMaxListeners",
  "exit", "exitCode", "abort", "kill", "chdir", "nextTick", "emitWarning", "hrtime", "uptime", "memoryUsage", "cpuUsage", "threadCpuUsage", "resourceUsage", "constrainedMemory", "availableMemory", "getActiveResourcesInfo",
  "setUncaughtExceptionCaptureCallback", "hasUncaughtExceptionCaptureCallback", "setSourceMapsEnabled", "sourceMapsEnabled", "finalization", "ref", "unref",
]);

const TERMINAL: ReadonlySet<string> = new Set(["isTTY", "columns", "rows", "getColorDepth", "hasColors", "getWindowSize", "fd"]);

/** A member of process; `env` and what gives access to modules have rules of their own. */
export function processRead([first = "", second = ""]: readonly string[]): ProcessRead {
  if (first === "platform" || first === "arch") return "platform";
  if (first === "stdout" || first === "stderr") return TERMINAL.has(second) ? "unknown" : "nothing";
  return HARMLESS.has(first) ? "nothing" : "unknown";
}

const OS_PLATFORM: ReadonlySet<string> = new Set(["platform", "arch", "type", "machine", "endianness", "EOL", "devNull", "constants"]);

/** A member of node:os. */
export const osRead = ([first = ""]: readonly string[]): ProcessRead => (OS_PLATFORM.has(first) ? "platform" : "unknown");

/** A member of navigator; its languages are among what depends on the language. */
export function navigatorRead([first]: readonly string[]): ProcessRead {
  if (first === "platform") return "platform";
  return first === undefined || first === "hardwareConcurrency" ? "unknown" : "nothing";
}

/** A member of node:worker_threads that is no class. */
export const threadRead = ([first = ""]: readonly string[]): ProcessRead => (/^(isMainThread|isInternalThread|parentPort|workerData|threadId|threadName|resourceLimits|getEnvironmentData|SHARE_ENV)$/.test(first) ? "unknown" : "nothing");
