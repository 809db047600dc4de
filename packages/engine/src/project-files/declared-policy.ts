import { existsSync } from "node:fs";
import { join } from "node:path";
import type { IntegrationPolicy } from "./integration-policy.ts";
import { loadYaml } from "./project-files.ts";
import { PROJECT_FILE, readProjectFile } from "./project-file.ts";

/**
 * The policy of a project; one without an mlstack.yaml has none.
 *
 * @throws MLS7004, MLS7010
 */
export async function integrationPolicy(projectDir: string): Promise<IntegrationPolicy> {
  return existsSync(join(projectDir, PROJECT_FILE)) ? readProjectFile(await loadYaml(), projectDir).policy : {};
}
