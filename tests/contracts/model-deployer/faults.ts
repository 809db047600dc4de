import { MlstackError, type DeployFault, type JsonObject, type Servable, type ServableKind, type Tensor } from "@mlstack/core";

export const fault = (reason: DeployFault, message: string, details: JsonObject = {}): MlstackError => new MlstackError(reason === "overloaded" ? "MLS6001" : "MLS6003", message, { details: { ...details, reason } });

/** Refuses a servable that is not among those that a deployer takes. */
export function mustAccept(accepts: readonly ServableKind[], servable: Servable, format: string): void {
  const good = accepts.some((a) => a.kind === servable.kind && (a.kind !== "format" || a.formats.includes(format)));
  if (!good) throw fault("unsupported", `this deployer takes no ${servable.kind === "format" ? `model of format ${format}` : servable.kind}`);
}

/** Share of the traffic in whole percent; never none or all unless that is meant. */
export function percent(share: number): number {
  if (!(share >= 0 && share <= 1)) throw fault("invalid", `a share of the traffic is from 0 to 1, not ${share}`);
  return share === 0 || share === 1 ? share * 100 : Math.min(99, Math.max(1, Math.round(share * 100)));
}

/** Refuses what JSON would change on the way, and data that does not fill its shape. */
export function checkTensor(t: Tensor): void {
  const length = t.shape.reduce((a, b) => a * b, 1);
  if (t.shape.some((n) => !Number.isInteger(n) || n < 0) || length !== t.data.length) throw fault("invalid", `${t.name} has ${t.data.length} values for the shape [${t.shape.join(", ")}]`);
  const type = t.datatype === "BOOL" ? "boolean" : t.datatype === "BYTES" ? "string" : "number";
  for (const v of t.data) {
    const bad = typeof v !== type || (typeof v === "number" && (t.datatype.startsWith("FP") ? !Number.isFinite(v) : !Number.isSafeInteger(v)));
    if (bad) throw fault("invalid", `${t.name} holds ${String(v)}, which is no ${t.datatype} that a service can be sent as JSON`);
  }
}
