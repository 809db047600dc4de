import { checkTensor as faultOf, MlstackError, servableMismatch, type DeployFault, type JsonObject, type Servable, type ServableKind, type Tensor } from "@mlstack/core";

export const fault = (reason: DeployFault, message: string, details: JsonObject = {}): MlstackError => new MlstackError(reason === "overloaded" ? "MLS6001" : "MLS6003", message, { details: { ...details, reason } });

/** Refuses a servable that is not among those that a deployer takes. */
export function mustAccept(accepts: readonly ServableKind[], servable: Servable, format: string): void {
  const mismatch = servableMismatch(accepts, servable.kind, format);
  if (mismatch !== undefined) throw fault("unsupported", mismatch);
}

/** Share of the traffic in whole percent; never none or all unless that is meant. */
export function percent(share: number): number {
  if (!(share >= 0 && share <= 1)) throw fault("invalid", `a share of the traffic is from 0 to 1, not ${share}`);
  return share === 0 || share === 1 ? share * 100 : Math.min(99, Math.max(1, Math.round(share * 100)));
}

/** Refuses what JSON would change on the way, and data that does not fill its shape. */
export function checkTensor(tensor: Tensor): void {
  const bad = faultOf(tensor);
  if (bad !== undefined) throw fault("invalid", bad);
}
