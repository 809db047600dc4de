import { MlstackError } from "@mlstack/core";
import type { MlflowClient, Options } from "../rest/client.ts";
import { errorCodeOf } from "../rest/failure.ts";

/** Whether an experiment's id was counted, as databases do; MLflow's file store draws 18 digits by lot. 0 is the default experiment of each. */
export const isCounted = (experimentId: string): boolean => /^[1-9]\d{0,8}$/.test(experimentId);

/**
 * The ids of the experiment of that name, which is made when there is none. New runs go into the first. Names are unique in MLflow's SQL
 * stores, so that processes that do this at once get the same one. Its file store looks and then writes: several processes can make
 * several of one name, and all take the oldest, but a run that was made before the others could be seen may lie in another one.
 *
 * @param isSql whether names are unique; undefined where that is to be seen from the experiment
 * @throws MLS6003 when it was deleted: MLflow keeps the name of a deleted experiment
 */
export async function findExperiments(client: MlflowClient, name: string, isSql: boolean | undefined, options: Options): Promise<readonly string[]> {
  const id = (await existing(client, name, options)) ?? (await created(client, name, options));
  if (isSql ?? isCounted(id)) return [id];
  const all = [...(await client.experimentsByName(name, options))].sort((a, b) => a.creation_time - b.creation_time || (a.experiment_id < b.experiment_id ? -1 : 1)).map((e) => e.experiment_id);
  // a search may not see yet what has just been made
  return all.includes(id) ? all : [...all, id];
}

async function created(client: MlflowClient, name: string, options: Options): Promise<string> {
  try { return await client.createExperiment(name, options); } catch (e) {
    if (errorCodeOf(e) !== "RESOURCE_ALREADY_EXISTS") throw e;
    const made = await existing(client, name, options); // by another process, or by a try whose answer was lost
    if (made === undefined) throw e;
    return made;
  }
}

async function existing(client: MlflowClient, name: string, options: Options): Promise<string | undefined> {
  const found = await client.experimentByName(name, options);
  if (found === undefined || found.lifecycle_stage === "active") return found?.experiment_id;
  throw new MlstackError("MLS6003", `the MLflow experiment "${name}" was deleted`, {
    why: "MLflow keeps the name of a deleted experiment", fix: `restore it (mlflow experiments restore -x ${found.experiment_id}), or set another experimentName`,
    details: { service: "mlflow", server: client.server, operation: "finding the experiment", experiment: name },
  });
}
