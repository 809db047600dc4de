import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Project, ProjectIdentity } from "../project/project.ts";
import { loadYaml } from "./project-files.ts";
import { PROJECT_FILE, readProjectFile } from "./project-file.ts";

/** What mlstack.yaml says of the project's identity, for when it is needed: who only looks is not kept from it by a broken file. The result throws MLS7004, MLS7010. */
export async function declaredIdentity({ dir }: Project): Promise<() => Partial<ProjectIdentity>> {
  if (!existsSync(join(dir, PROJECT_FILE))) return () => ({});
  const yaml = await loadYaml();
  return () => {
    const { id, envSalt } = readProjectFile(yaml, dir);
    return { ...(id !== undefined && { id }), ...(envSalt !== undefined && { envSalt }) };
  };
}
