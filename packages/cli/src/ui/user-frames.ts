import { isAbsolute, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { SerializedError } from "@mlstack/core/errors";

const OURS = /[\\/]node_modules[\\/]|[\\/]@?mlstack[\\/](?:core|engine|pipeline|cli)[\\/]|[\\/]packages[\\/](?:core|engine|pipeline|cli)[\\/]/;
// V8's form: `at name (place)`, `at async name (place)`, `at place`; a place may hold spaces and parentheses
const FRAME = /^at (?:async )?(?:.*? \()?((?:file:|node:|\/|[A-Za-z]:[\\/]|[^\s():]+[\\/]).*):(\d+):(\d+)\)?$/;

/** Where in the user's code an error came from: at most three frames, without those of packages and of Node; files below the working folder by their short names. Of a step elsewhere they are named from the project. */
export function userFrames(error: SerializedError, cwd: string = process.cwd()): string[] {
  let deepest = error;
  while (deepest.cause !== undefined) deepest = deepest.cause;
  if (deepest.code !== undefined) return [];
  return (deepest.stack ?? "").split("\n").flatMap((line) => {
    const [, place, row, column] = FRAME.exec(line.trim()) ?? [];
    if (place === undefined || place.startsWith("node:") || OURS.test(place)) return [];
    return [`${shortName(place.startsWith("file:") ? pathOf(place) : place, cwd)}:${row}:${column}`];
  }).slice(0, 3);
}

function pathOf(url: string): string {
  try { return fileURLToPath(url); } catch { return url; }
}

function shortName(path: string, cwd: string): string {
  const short = relative(cwd, path);
  if (path.startsWith("./")) return path.slice(2);
  return !isAbsolute(path) || short === "" || short.startsWith("..") || isAbsolute(short) ? path : short;
}
