import type { DeploymentFolder, DeploymentRecord } from "../deployment-folder.ts";

const LOOK_MS = 4000;
/** So often in a row it has to be missing: a volume may be away for a moment. */
const LOOKS = 2;

/**
 * Tells once when a supervisor's record is gone, or is another deployment's: the project was removed or moved, and nobody can find the supervisor
 * any more. A record that can't be read says nothing.
 */
export function whenForgotten(folder: DeploymentFolder, { token }: DeploymentRecord, told: () => void, lookMs = LOOK_MS): void {
  let missing = 0;
  const timer = setInterval(() => {
    let isOurs = true;
    try { isOurs = folder.read()?.token === token; } catch { /* damaged, or not to be read at the moment */ }
    missing = isOurs ? 0 : missing + 1;
    if (missing < LOOKS) return;
    clearInterval(timer);
    told();
  }, lookMs);
  timer.unref();
}
