import { MlstackError } from "@mlstack/core";
import { confirm } from "../ui/ask.ts";
import { stderr, writeJson, type GlobalFlags } from "../ui/output.ts";
import { findDeployment, printDeployment } from "./deployment-show.ts";
import { deploymentDocument, leavable, withDeployer } from "./with-deployer.ts";

/** `mlstack deployment stop NAME`: name and address stay. */
export async function deploymentStop(name: string, flags: GlobalFlags): Promise<void> {
  await withDeployer(flags, async (deployer) => {
    const before = await findDeployment(deployer, name);
    const now = await deployer.stop(name);
    if (flags.json === true) writeJson("deployment-stop", deploymentDocument(now));
    else stderr(flags).line(before.state === "stopped" ? `${name} is stopped` : `stopped ${name}; it keeps its name and address: mlstack deployment start ${name}`);
  });
}

/** `mlstack deployment start NAME`: what served last serves again. */
export async function deploymentStart(name: string, flags: GlobalFlags): Promise<void> {
  await leavable(flags, async (signal) => {
    const now = await withDeployer(flags, async (deployer) => {
      await findDeployment(deployer, name);
      if (deployer.start === undefined) throw new MlstackError("MLS6003", `the deployer of ${name} can't bring back what it served`, { fix: "run the pipeline that deploys it", details: { reason: "unsupported" } });
      return deployer.start(name, { signal });
    });
    if (flags.json === true) writeJson("deployment-start", deploymentDocument(now));
    else printDeployment(now, flags);
  });
}

interface DeleteFlags extends GlobalFlags { readonly yes?: boolean; readonly dryRun?: boolean }

/** `mlstack deployment delete NAME`. */
export async function deploymentDelete(name: string, flags: DeleteFlags): Promise<void> {
  await withDeployer(flags, async (deployer) => {
    const { state, url } = await findDeployment(deployer, name);
    if (flags.dryRun === true) {
      if (flags.json === true) writeJson("deployment-delete", { deployment: name, deleted: false });
      else stderr(flags).line(`would delete the deployment ${name}, which is ${state}, and give up ${url}; nothing was changed`);
      return;
    }
    await confirm(`Delete the deployment ${name}? ${state === "ready" ? `It answers at ${url}, and its` : "Its"} address is given up.`, flags);
    await deployer.delete(name);
    if (flags.json === true) writeJson("deployment-delete", { deployment: name, deleted: true });
    else stderr(flags).line(`deleted the deployment ${name}`);
  });
}
