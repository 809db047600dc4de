import { statSync } from "node:fs";
import { join } from "node:path";
import { pathDigest, type Plan } from "@mlstack/pipeline";
import { hashFile } from "../artifacts/output-folder.ts";
import { changing, dataFiles } from "../data/local-data.ts";
import type { Project } from "../project/project.ts";
import type { ContentSpace } from "../store/content-space.ts";
import { makeManifest } from "../store/manifest.ts";
import { sideBySide } from "../store/side-by-side.ts";

/** Declared files of a step that finds them in place are kept, to be restored later, up to this size in bytes. */
const KEPT_MOST = 64 * 1024 * 1024;

interface DeclaredFile { readonly at: string; readonly path: string; readonly size: number }

/**
 * Puts the files that steps declare into the content space.
 *
 * @returns manifests by step
 * @throws MLS3010 for one that is not what the plan was made of
 */
export async function shareFiles(plan: Plan, project: Project, content: ContentSpace): Promise<Map<string, string>> {
  const shared = new Map<string, string>();
  for (const [id, step] of Object.entries(plan.steps)) {
    if (step.options.files.length === 0) continue;
    const changed = changedFile(step, project);
    if (changed !== undefined) throw changing(changed);
    shared.set(id, await putAll(declaredFiles(step, project), content));
  }
  return shared;
}

/** The same for steps that find their files in place: what is too large or was changed is left out, for only `debug` wants it. */
export async function keepFiles(plan: Plan, project: Project, content: ContentSpace): Promise<Map<string, string>> {
  const kept = new Map<string, string>();
  for (const [id, step] of Object.entries(plan.steps)) {
    const files = declaredFiles(step, project);
    if (step.options.files.length === 0 || files.reduce((sum, f) => sum + f.size, 0) > KEPT_MOST || changedFile(step, project) !== undefined) continue;
    kept.set(id, await putAll(files, content));
  }
  return kept;
}

type Step = Plan["steps"][string];

function changedFile(step: Step, project: Project): string | undefined {
  return step.options.files.map((path) => ({ path, at: join(project.dir, path) })).find(({ path, at }) => statSync(at, { throwIfNoEntry: false }) !== undefined && pathDigest(at) !== step.parts.files[path])?.at;
}

function declaredFiles(step: Step, project: Project): DeclaredFile[] {
  return step.options.files.flatMap((path): DeclaredFile[] => {
    const at = join(project.dir, path);
    const isFolder = statSync(at, { throwIfNoEntry: false })?.isDirectory();
    if (isFolder === undefined) return [];
    const segments = path.split(/[\\/]/).filter((s) => s !== "" && s !== ".");
    return (isFolder ? dataFiles(path, at) : [{ file: at, name: "" }]).map(({ file, name }) => ({ at: file, path: [...segments, ...name.split("/").filter((s) => s !== "")].join("/"), size: statSync(file).size }));
  });
}

async function putAll(files: readonly DeclaredFile[], content: ContentSpace): Promise<string> {
  const put = await sideBySide(files, async ({ at, path }) => {
    const { digest, size } = await hashFile(at);
    await content.putFile({ kind: "file", path: at, size }, digest);
    return { path, size, sha256: digest };
  });
  return content.putManifest(makeManifest(put));
}
