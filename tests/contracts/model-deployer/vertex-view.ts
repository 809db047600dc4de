import type { Deployment, MlstackError } from "@mlstack/core";
import { fault } from "./faults.ts";
import type { Endpoint, Operation } from "./vertex-api.ts";

/** An endpoint as a deployment. */
export function viewOf(url: string, name: string, e: Endpoint, underWay: readonly Operation[]): Deployment {
  const next = e.labels?.["mlstack-next"];
  const versions: Deployment["versions"] = (e.deployedModels ?? []).map((m) => ({
    id: m.id, digest: m.displayName, state: "ready", traffic: (e.trafficSplit?.[m.id] ?? 0) / 100, ...(m.status?.availableReplicaCount !== undefined && { replicas: m.status.availableReplicaCount }),
  }));
  // While it is brought up, a model is not in the list: the label, written before, says which one it is.
  const coming = next !== undefined && next !== "" && !versions.some((v) => v.id === next);
  const digest = e.labels?.["mlstack-model"] ?? "";
  const pending = coming && underWay.length > 0;
  const all = coming ? [...versions, { id: next, digest, state: pending ? "pending" : "failed", traffic: 0 } as const] : versions;
  const main = versions.toSorted((a, b) => b.traffic - a.traffic)[0];
  const state = main !== undefined ? "ready" : pending ? "pending" : coming ? "failed" : "stopped";
  const shown = main ?? all.at(-1);
  return { name, id: e.name, url, protocol: "vertex/1", digest: shown?.digest ?? "", ...(shown !== undefined && { version: shown.id }), state, versions: all, ...(coming && !pending && { reason: `${next} was not brought up` }) };
}

/** What a refused prediction means. Several of them are told apart by nothing but their words. */
export function inferFault(name: string, status: number, message: string): MlstackError {
  if (status === 404) return fault("not-found", `no deployment ${name}`);
  if (status === 413 || /exceeds .*(MB|size)/i.test(message)) return fault("too-large", message);
  if (status === 429 || status === 503) return fault("overloaded", message);
  if (/no deployed model|doesn't have traffic/i.test(message)) return fault("not-ready", message);
  return fault(status === 400 ? "invalid" : "failed", `${name}: ${message}`);
}
