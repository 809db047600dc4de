import { stat } from "node:fs/promises";
import { homedir } from "node:os";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { MlstackError } from "@mlstack/core/errors";

/** Which versions are meant. `any`: the newest that fits. */
export type Wanted =
  | { readonly kind: "any" }
  | { readonly kind: "version"; readonly version: string }
  | { readonly kind: "range"; readonly range: string }
  | { readonly kind: "tag"; readonly tag: string };

/** What somebody has typed to name an integration. */
export type Spec =
  /** `name`: a package, or a catalog's name for one, such as `s3`. */
  | { readonly kind: "registry"; readonly name: string; readonly wanted: Wanted }
  /** An absolute path. */
  | { readonly kind: "tarball"; readonly path: string }
  | { readonly kind: "workspace"; readonly path: string };

/**
 * Understands `s3`, `s3@^1.2`, `@acme/x@next`, `./x-1.2.0.tgz`, `../x`, `file:…`. What would be fetched from git or a URL has no version, no
 * registry and no policy, and is refused.
 *
 * @param cwd what paths are relative to
 * @throws MLS8401
 */
export async function parseSpec(text: string, cwd: string): Promise<Spec> {
  if (/^(?:\.{1,2}(?:[/\\]|$)|[/\\]|~[/\\]|file:|[A-Za-z]:[/\\])/.test(text) || /^(?!@|\w+:\/\/).*\.(?:tgz|tar\.gz)$/.test(text)) return pathSpec(text, cwd);
  const { default: npa } = await import("npm-package-arg");
  let parsed: ReturnType<typeof npa>;
  try { parsed = npa(text, cwd); } catch (cause) { throw unclear(text, cause instanceof Error ? cause.message : String(cause), undefined, cause); }
  const { type, name, fetchSpec, rawSpec } = parsed;
  if (type === "git" || type === "remote") {
    const isFolder = /^[\w.-]+(?:\/[\w.-]+)+$/.test(text);
    throw unclear(text, isFolder ? "a name with a slash and without a scope is none of npm's" : "integrations are not installed from git or a URL: there they have no version, and no policy holds for them", isFolder ? `for a folder: ./${text}` : "publish it to a registry, or give a tarball or folder", undefined);
  }
  if (name === null || name === undefined || type === "alias" || !["tag", "version", "range"].includes(type)) throw unclear(text, "it names no package and no file", undefined, undefined);
  if (rawSpec === "" || rawSpec === "*") return { kind: "registry", name, wanted: { kind: "any" } };
  if (type === "version") return { kind: "registry", name, wanted: { kind: "version", version: fetchSpec ?? rawSpec } };
  return { kind: "registry", name, wanted: type === "range" ? { kind: "range", range: fetchSpec ?? rawSpec } : { kind: "tag", tag: fetchSpec ?? rawSpec } };
}

async function pathSpec(text: string, cwd: string): Promise<Spec> {
  const plain = text.startsWith("file://") ? fileURLToPath(text) : text.replace(/^file:/, "").replace(/^~(?=[/\\])/, homedir());
  const path = resolve(cwd, plain);
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) throw unclear(text, `there is no ${path}`, "give the path of a tarball, or of a folder with a package.json", undefined);
  return { kind: found.isDirectory() ? "workspace" : "tarball", path };
}

function unclear(text: string, why: string, fix: string | undefined, cause: unknown): MlstackError {
  return new MlstackError("MLS8401", `"${text}" names no integration`, { why, fix: fix ?? "write a name, with a range where that is wanted: s3@^1.2; a tarball or a folder begins with ./", details: { spec: text }, ...(cause !== undefined && { cause }) });
}

/** What was asked for as it is typed behind a name: `@^1.2`; `any version` where nothing was. */
export function wantedText(wanted: Wanted): string {
  return wanted.kind === "any" ? "at all" : wanted.kind === "version" ? wanted.version : wanted.kind === "range" ? wanted.range : `tagged ${wanted.tag}`;
}

/** A spec as it is typed. */
export function specText(spec: Spec): string {
  if (spec.kind !== "registry") return spec.path;
  const { wanted } = spec;
  return wanted.kind === "any" ? spec.name : `${spec.name}@${wanted.kind === "version" ? wanted.version : wanted.kind === "range" ? wanted.range : wanted.tag}`;
}
