import { readFile, realpath } from "node:fs/promises";
import { basename, join } from "node:path";
import { MlstackError } from "@mlstack/core/errors";
import { isInWorkspace } from "../package-manager/workspace.ts";
import { isPublished } from "../resolve/published.ts";
import { resolveLocal } from "../resolve/resolve-local.ts";
import type { ResolveContext } from "../resolve/resolve-version.ts";
import { checkTarball } from "../tarball/check-tarball.ts";
import { packageOf, type DescribedPackage } from "../tarball/package-json.ts";
import { verifyInstalled } from "../verify/verify-installed.ts";
import type { PluginChange, Target } from "./change-plan.ts";
import { lockOf, type PlanContext } from "./context.ts";

/** A tarball or folder of the user's own, read but not held against the project yet. */
export interface LocalFind {
  readonly name: string;
  /** Whether it is pinned and installed as it is. */
  readonly stays: boolean;
  readonly version: string;
  find(context: ResolveContext): Promise<Pick<PluginChange, "why" | "passedOver" | "exceptions"> & { readonly target: Target }>;
}

/** @throws MLS8202; `find` as `resolveLocal` */
export async function localTarball(path: string): Promise<LocalFind> {
  const tarball = await checkTarball(await readFile(path), basename(path), undefined);
  return {
    name: tarball.package.name, version: tarball.package.version, stays: false,
    find: async (c) => ({ target: { source: "tarball", path, tarball, manifest: resolveLocal(tarball.package, c) }, why: "the tarball's", passedOver: [], exceptions: [] }),
  };
}

/**
 * A folder of the project's workspace. It may stand in the place of a published package of its name: that is known of one that was pinned or is in the catalog, else the
 * registry is asked, unless the folder says that it is `private`.
 *
 * @throws MLS8401 it is not in the workspace, or no package; `find` as `resolveLocal`
 */
export async function localFolder(path: string, context: PlanContext): Promise<LocalFind> {
  const folder = await realpath(path);
  const root = await realpath(context.rootDir ?? context.cwd);
  const text = await readFile(join(folder, "package.json"), "utf8").catch(() => { throw new MlstackError("MLS8401", `${path} has no package.json`, { why: "a folder is installed as the package that it is", fix: "name the package's own folder", details: { path } }); });
  const found = describedIn(text, path);
  if (!isInWorkspace(root, folder)) {
    throw new MlstackError("MLS8401", `${path} is not in this project's workspace`, {
      why: `package managers link packages of the workspace, the root of which is ${root}; another folder some of them would copy, and a copy goes by unseen when the folder changes`,
      fix: 'take it in: "workspaces": ["packages/*"] in the package.json of the root (pnpm: packages in pnpm-workspace.yaml); or pack it, and install the tarball', details: { path, root },
    });
  }
  const locked = lockOf(context).plugins[found.name];
  const pkg = context.installed.find(({ name }) => name === found.name);
  const stays = locked?.source === "workspace" && pkg?.dir === folder && (await verifyInstalled(found.name, locked, pkg)) === undefined;
  return {
    name: found.name, version: found.version, stays,
    async find(c) {
      const manifest = resolveLocal(found, c);
      const published = await isOverride(found, text, context);
      return { target: { source: "workspace", path: folder, package: found, override: published === true, manifest }, why: published === undefined ? "the folder's; the registry could not be asked whether there is a published one of this name" : "the folder's", passedOver: [], exceptions: [] };
    },
  };
}

/** What is wrong with a package of one's own is no attack. */
function describedIn(text: string, path: string): DescribedPackage {
  try { return packageOf(text, path); } catch (e) {
    if (!MlstackError.is(e)) throw e;
    throw new MlstackError("MLS8401", e.message, { why: "a folder is installed as the package that it is, by its name and version", fix: "correct its package.json", cause: e, details: { path } });
  }
}

async function isOverride({ name }: DescribedPackage, text: string, context: PlanContext): Promise<boolean | undefined> {
  const locked = lockOf(context).plugins[name];
  if (locked?.source === "registry" || locked?.trust.override !== undefined || context.catalog.integrations.some((i) => i.package === name && i.state === "available")) return true;
  return (JSON.parse(text.replace(/^\uFEFF/, "")) as { readonly private?: unknown }).private === true ? false : isPublished(name, context.registry);
}
