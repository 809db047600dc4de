import { MlstackError } from "@mlstack/core";
import type { MlflowClient, Options } from "../rest/client.ts";
import { errorCodeOf } from "../rest/failure.ts";

/**
 * The id of the experiment of that name, which is made when there is none. Names are unique, so that processes that do this at once
 * get the same one.
 *
 * @throws MLS6003 when it was deleted: MLflow keeps the name of a deleted experiment
 */
export async function findExperiment(client: MlflowClient, name: string, options: Options): Promise<string> {
  const id = await existing(client, name, options);
  if (id !== undefined) return id;
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
