import { readdirSync, existsSync } from "node:fs";
import { basename, dirname, extname, join, relative, resolve } from "node:path";
import { didYouMean, MlstackError } from "@mlstack/core";
import { isBare } from "./resolve.ts";
import type { SyntaxFault } from "./source.ts";

/** MLS1013 with the place, and the line of code with a mark below it. */
export function syntaxError(file: string, text: string, fault: SyntaxFault, fix?: string): MlstackError {
  const { line, column, message } = fault;
  const code = (text.split(/\r\n|[\n\r\u2028\u2029]/)[line - 1] ?? "").replaceAll("\t", " ");
  const cut = Math.max(0, column - 60); // a minified line is shown around the place only
  const number = String(line);
  const frame = `  ${number} | ${code.slice(cut, cut + 100)}\n  ${" ".repeat(number.length)} | ${" ".repeat(column - 1 - cut)}^`;
  return new MlstackError("MLS1013", `${shown(file)}:${line}:${column}: ${message}\n${frame}`, {
    why: "the file is not valid JavaScript or TypeScript", fix: fix ?? `correct ${shown(file)} at line ${line}`,
    details: { file: shown(file), line, column },
  });
}

/** MLS1014 with the importer, and the file that was probably meant. */
export function notFound(importer: string, specifier: string, cause: unknown): MlstackError {
  const near = isBare(specifier) ? undefined : nearFile(importer, specifier);
  return new MlstackError("MLS1014", `${shown(importer)} imports ${JSON.stringify(specifier)}, which cannot be found`, {
    why: isBare(specifier) ? "no installed package, path alias or import map of that name leads to a file" : "there is no such file",
    fix: near === undefined ? (isBare(specifier) ? `install it (npm install ${specifier}), or add it to paths in tsconfig.json` : "correct the path") : `did you mean ${JSON.stringify(near)}?`,
    details: { importer: shown(importer), specifier }, cause,
  });
}

/** The specifier of a file beside the missing one whose name is much like it. */
function nearFile(importer: string, specifier: string): string | undefined {
  const path = resolve(dirname(importer), specifier);
  const folder = dirname(path);
  if (!existsSync(folder)) return undefined;
  const plain = (name: string) => name.slice(0, name.length - extname(name).length);
  const names = readdirSync(folder).filter((n) => join(folder, n) !== importer);
  const wanted = basename(path);
  const found = names.find((n) => plain(n) === plain(wanted)) ?? didYouMean(wanted, names) ?? names.find((n) => plain(n) === didYouMean(plain(wanted), names.map((m) => plain(m))));
  if (found === undefined) return undefined;
  const base = specifier.slice(0, specifier.length - wanted.length);
  return `${base}${extname(wanted) === "" && /\.[cm]?[jt]sx?$/.test(found) ? plain(found) : found}`;
}

/** Relative to the working folder where that is shorter. */
function shown(file: string): string {
  const path = relative(process.cwd(), file);
  return path === "" || path.startsWith("..") ? file : path;
}
