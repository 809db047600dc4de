import { MlstackError, type DeployFault, type ErrorParts, type JsonObject } from "@mlstack/core";

/** An error of a deployer, its reason in `details`. */
export function deployFault(reason: DeployFault, message: string, { details, ...parts }: ErrorParts & { readonly details?: JsonObject | undefined } = {}): MlstackError {
  return new MlstackError(reason === "overloaded" ? "MLS6001" : "MLS6003", message, { ...parts, details: { ...details, reason } });
}

/** The reason that an error of a deployer has. */
export function faultOf(e: unknown): DeployFault | undefined {
  return MlstackError.is(e) ? (e.details?.["reason"] as DeployFault | undefined) : undefined;
}

/** Share of the traffic in whole percent, as a share; never none or all unless that is meant. Throws `invalid`. */
export function wholePercent(share: number): number {
  if (!(share >= 0 && share <= 1)) throw deployFault("invalid", `a share of the traffic is from 0 to 1, not ${share}`);
  return share === 0 || share === 1 ? share : Math.min(99, Math.max(1, Math.round(share * 100))) / 100;
}
