/** What is known of the names that JavaScript and Node define. */

/**
 * Globals whose functions give the same result for the same arguments, on every machine and at any time. A global that is not here may
 * read the outside world. Math and Date are treated by the member that is used.
 */
export const STEADY_GLOBALS: ReadonlySet<string> = new Set([
  "undefined", "NaN", "Infinity", "Object", "Array", "String", "Number", "Boolean", "BigInt", "Symbol", "Map", "Set", "WeakMap", "WeakSet",
  "Promise", "Proxy", "Reflect", "RegExp", "JSON", "Iterator", "AsyncIterator",
  "Error", "AggregateError", "EvalError", "RangeError", "ReferenceError", "SyntaxError", "TypeError", "URIError", "DOMException", "SuppressedError",
  "ArrayBuffer", "SharedArrayBuffer", "DataView", "Atomics", "Int8Array", "Uint8Array", "Uint8ClampedArray", "Int16Array", "Uint16Array", "Int32Array",
  "Uint32Array", "Float16Array", "Float32Array", "Float64Array", "BigInt64Array", "BigUint64Array",
  "parseInt", "parseFloat", "isNaN", "isFinite", "encodeURI", "encodeURIComponent", "decodeURI", "decodeURIComponent", "escape", "unescape",
  "TextEncoder", "TextDecoder", "URL", "URLSearchParams", "structuredClone", "atob", "btoa", "queueMicrotask", "console", "Intl",
  "AbortController", "Event", "EventTarget", "Headers", "FormData", "Blob", "Buffer", "DisposableStack", "AsyncDisposableStack",
  "ReadableStream", "WritableStream", "TransformStream", "arguments", "exports", "Function",
]);

/** The other names that Node defines, in any of its supported versions, and what CommonJS gives to each module. */
const OTHER_GLOBALS: readonly string[] = [
  "globalThis", "global", "Date", "Math", "eval", "process", "WebAssembly", "WeakRef", "FinalizationRegistry", "setTimeout", "setInterval", "setImmediate", "clearTimeout", "clearInterval", "clearImmediate",
  "fetch", "Request", "Response", "File", "WebSocket", "EventSource", "MessageEvent", "CloseEvent", "CustomEvent", "ErrorEvent", "AbortSignal", "BroadcastChannel", "MessageChannel", "MessagePort",
  "ReadableStreamDefaultReader", "ReadableStreamBYOBReader", "ReadableStreamBYOBRequest", "ReadableByteStreamController", "ReadableStreamDefaultController", "WritableStreamDefaultController",
  "WritableStreamDefaultWriter", "TransformStreamDefaultController", "ByteLengthQueuingStrategy", "CountQueuingStrategy", "TextEncoderStream", "TextDecoderStream", "CompressionStream", "DecompressionStream",
  "Performance", "PerformanceEntry", "PerformanceMark", "PerformanceMeasure", "PerformanceObserver", "PerformanceObserverEntryList", "PerformanceResourceTiming", "performance", "URLPattern",
  "crypto", "Crypto", "CryptoKey", "SubtleCrypto", "Navigator", "navigator", "Storage", "localStorage", "sessionStorage", "Temporal", "gc",
  "require", "module", "__dirname", "__filename", "import.meta",
];

/** Names of other runtimes. Code that runs on several of them asks whether they are there; here they are not. */
const ELSEWHERE: readonly string[] = [
  "window", "self", "document", "location", "history", "Deno", "Bun", "EdgeRuntime", "WorkerGlobalScope", "importScripts", "XMLHttpRequest", "HTMLElement", "Element", "Node", "Worker", "alert", "chrome", "browser", "msCrypto",
];

/** Whether a global is known not to have been set by somebody's code. */
export const isKnownGlobal = (name: string): boolean => STEADY_GLOBALS.has(name) || KNOWN_GLOBALS.has(name);

const KNOWN_GLOBALS: ReadonlySet<string> = new Set([...OTHER_GLOBALS, ...ELSEWHERE]);

/** Members that depend on time, place or chance, whatever they are read of. */
export const UNSTEADY_MEMBERS: ReadonlySet<string> = new Set(["stack", "captureStackTrace", "allocUnsafe", "allocUnsafeSlow", "timeStamp", "lastModified"]);

/** Members that depend on the time zone or the language: these are in the key where a step runs in others than the usual ones. */
export const ZONED_MEMBERS: ReadonlySet<string> = new Set([
  "toLocaleString", "toLocaleDateString", "toLocaleTimeString", "toLocaleUpperCase", "toLocaleLowerCase", "localeCompare", "getTimezoneOffset",
  ...["Date", "Day", "FullYear", "Hours", "Milliseconds", "Minutes", "Month", "Seconds", "Year"].flatMap((unit) => [`get${unit}`, `set${unit}`]),
  "toDateString", "toTimeString",
]);

/** Calls and reads of these have no effect on the program, though their results differ from time to time. By global and first member. */
export const HARMLESS_READS: Readonly<Record<string, ReadonlySet<string> | "all">> = {
  console: "all", performance: "all", navigator: "all", Math: new Set(["random"]),
  Date: new Set(["", "now", "parse", "UTC"]),
  crypto: new Set(["randomUUID"]),
  process: new Set(["argv", "argv0", "execArgv", "execPath", "pid", "ppid", "platform", "arch", "version", "versions", "release", "title", "env", "exitCode",
    "exit", "on", "once", "cwd", "hrtime", "uptime", "memoryUsage", "cpuUsage", "resourceUsage", "emitWarning", "stdout", "stderr", "stdin", "features", "config", "constrainedMemory", "availableMemory"]),
};

/** Functions of built-in modules that change nothing, by module. "all" for modules that hold no others. */
export const HARMLESS_BUILTINS: Readonly<Record<string, ReadonlySet<string> | "all">> = {
  "node:path": "all", "node:path/posix": "all", "node:path/win32": "all", "node:url": "all", "node:os": new Set(["arch", "availableParallelism", "cpus", "endianness", "freemem", "homedir", "hostname", "loadavg", "machine", "networkInterfaces", "platform", "release", "tmpdir", "totalmem", "type", "uptime", "userInfo", "version"]),
  "node:fs": new Set(["readFileSync", "existsSync", "statSync", "lstatSync", "readdirSync", "realpathSync", "accessSync"]),
  "node:crypto": new Set(["randomUUID", "randomBytes", "randomInt"]),
  "node:util": new Set(["format", "inspect", "parseArgs", "isDeepStrictEqual", "stripVTControlCharacters"]),
};

/** Functions and classes of built-in modules that make something of their arguments and neither call these nor change anything. */
export const PURE_MAKERS: Readonly<Record<string, ReadonlySet<string>>> = {
  "node:util": new Set(["promisify", "callbackify"]), "node:events": new Set(["EventEmitter", "default"]), "node:async_hooks": new Set(["AsyncLocalStorage"]),
  "node:crypto": new Set(["createHash", "createHmac"]),
};

/** Built-in functions that only rearrange their arguments. Everything else of Node may read the outside world. */
export const STEADY_BUILTINS: Readonly<Record<string, ReadonlySet<string>>> = {
  ...PURE_MAKERS,
  "node:crypto": new Set(["createHash", "createHmac", "hash", "timingSafeEqual"]),
  "node:util": new Set(["promisify", "callbackify", "isDeepStrictEqual", "types", "stripVTControlCharacters"]),
  "node:buffer": new Set(["Buffer"]),
  "node:path": new Set(["join", "dirname", "basename", "extname", "normalize", "isAbsolute", "parse", "format", "sep", "delimiter", "posix", "win32"]),
  "node:url": new Set(["fileURLToPath", "URL", "URLSearchParams"]),
};

/** Built-in modules whose exports are values that differ from process to process, not functions. */
export const UNSTEADY_BUILTINS: ReadonlySet<string> = new Set(["node:process", "node:perf_hooks", "node:worker_threads", "node:os", "node:cluster", "node:module", "node:vm", "node:v8", "node:inspector"]);

/** Methods that change what they are called on: maps, sets, lists. */
export const MUTATING_METHODS: ReadonlySet<string> = new Set(["set", "add", "delete", "clear", "push", "pop", "shift", "unshift", "splice", "sort", "reverse", "fill", "copyWithin"]);

/** Functions that change their first argument. */
export const MUTATING_FUNCTIONS: ReadonlySet<string> = new Set([
  "Object.assign", "Object.defineProperty", "Object.defineProperties", "Object.setPrototypeOf", "Reflect.set", "Reflect.defineProperty", "Reflect.deleteProperty", "Reflect.setPrototypeOf",
]);

/** Methods that call what they are given, before they return. */
export const ITERATING_METHODS: ReadonlySet<string> = new Set([
  "forEach", "map", "filter", "some", "every", "find", "findIndex", "findLast", "findLastIndex", "reduce", "reduceRight", "flatMap", "sort", "toSorted", "from", "fromEntries", "replace", "replaceAll",
]);

/** Methods of strings and arrays of plain values that call nothing of ours. */
export const PLAIN_METHODS: ReadonlySet<string> = new Set([
  "at", "charAt", "charCodeAt", "codePointAt", "concat", "endsWith", "flat", "includes", "indexOf", "join", "lastIndexOf", "padEnd", "padStart", "repeat",
  "replace", "replaceAll", "slice", "split", "startsWith", "substring", "toFixed", "toLowerCase", "toPrecision", "toReversed", "toSpliced", "toString", "toUpperCase",
  "trim", "trimEnd", "trimStart", "with",
]);

/** An instant that means the same in every time zone: a number, a date without time, or a time with its zone. */
export function isFixedInstant(value: unknown): boolean {
  if (typeof value === "number") return true;
  return typeof value === "string" && /^[+-]?\d{4,6}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$/.test(value);
}

/** Methods of a date that do not depend on the time zone. */
export const ZONELESS = /^(getTime|valueOf|toISOString|toJSON|getUTC\w+)$/;
