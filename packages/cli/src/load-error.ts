import { didYouMean, MlstackError, serializeError } from "@mlstack/core";
import { userFrames } from "./ui/user-frames.ts";

/** What a user's module threw while it was linked or evaluated, as an error of ours. What is one already stays as it is. */
export async function loadError(e: unknown, file: string): Promise<MlstackError> {
  if (MlstackError.is(e)) return e;
  const { name, message } = serializeError(e);
  const missing = name === "SyntaxError" ? await missingExport(e, message, file) : undefined;
  if (missing !== undefined) return missing;
  const notFound = notInstalled(e, message);
  if (notFound !== undefined) return notFound;
  const [at] = userFrames(serializeError(e));
  return new MlstackError("MLS1015", `${file} failed while it was loaded: ${name}: ${message.split("\n", 1)[0]}`, {
    why: "code at the top of a module runs before there is a pipeline", fix: at === undefined ? "correct the code that threw" : `correct ${at}`, cause: e,
  });
}

const LINKED = /^The requested module '(?<specifier>.+?)' does not provide an export named '(?<wanted>.+?)'/;
const COMMONJS = /^Named export '(?<wanted>.+?)' not found\. The requested module '(?<specifier>.+?)' is a CommonJS/;

/** `import { pipelin } from "mlstack"`: known only when modules are linked, and thrown by Node as a syntax error. */
async function missingExport(e: unknown, message: string, file: string): Promise<MlstackError | undefined> {
  const { specifier, wanted } = (LINKED.exec(message) ?? COMMONJS.exec(message))?.groups ?? {};
  if (specifier === undefined || wanted === undefined) return undefined;
  // Node names the importing module on the first line of the stack
  const [, place] = /^(file:\S+?:\d+)\n/.exec(e instanceof Error ? (e.stack ?? "") : "") ?? [];
  const from = place === undefined ? file : (userFrames({ name: "", message: "", stack: `at ${place}:1` })[0]?.replace(/:1$/, "") ?? file);
  const candidates = specifier === "mlstack" ? Object.keys(await import("./index.ts")) : [];
  const near = didYouMean(wanted, candidates);
  return new MlstackError("MLS1017", `${JSON.stringify(specifier)} exports no ${wanted}`, {
    why: `it is imported in ${from}`, fix: near === undefined ? (message.includes("CommonJS") ? `import the whole module there, and take ${wanted} from it: import all from ${JSON.stringify(specifier)}` : "import a name that it exports, or export it there") : `write ${near}`,
    details: { module: specifier, name: wanted },
  });
}

/** A package that is imported by somebody else than the project's own modules, whose imports are looked at before. */
function notInstalled(e: unknown, message: string): MlstackError | undefined {
  const [, name, importer] = /^Cannot find (?:package|module) '(.+?)' imported from (.+)$/m.exec(message) ?? [];
  if ((e as { code?: string }).code !== "ERR_MODULE_NOT_FOUND" || name === undefined) return undefined;
  return new MlstackError("MLS1014", `${JSON.stringify(name)} cannot be found`, { why: `it is imported in ${importer ?? "a module"}`, fix: `install it: npm install ${name}`, cause: e });
}
