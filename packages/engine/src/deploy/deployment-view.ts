import type { Deployment, DeploymentLog, DeployedVersion } from "@mlstack/core";
import { isIPv6 } from "node:net";
import type { DeploymentRecord } from "./deployment-folder.ts";
import type { VersionView } from "./supervisor/fleet.ts";

/**
 * A deployment as it is shown. Nothing of its token is in it.
 *
 * @param versions what its supervisor says; undefined when that is gone
 * @param last what it printed last
 */
export function deploymentView(record: DeploymentRecord, versions: readonly VersionView[] | undefined, last: readonly DeploymentLog[]): Deployment {
  const { name, host, port, supervisor } = record;
  const shown = (versions ?? []).map(({ id, digest, state, traffic, replicas }): DeployedVersion => ({ id, digest, state, traffic, replicas }));
  const ready = shown.filter((v) => v.state === "ready").toSorted((a, b) => b.traffic - a.traffic)[0];
  const main = ready ?? shown.find((v) => v.state === "pending") ?? shown.at(-1);
  const answers = shown.some((v) => v.state === "ready" && v.replicas !== 0);
  const isComing = ready !== undefined || shown.some((v) => v.state === "pending");
  const state = supervisor === null ? "stopped" : answers ? "ready" : isComing ? "pending" : "failed";
  const broken = versions?.find((v) => v.state === "failed" || (!answers && v.state === "ready"))?.reason;
  const reason = supervisor === null ? undefined : versions === undefined ? ["its process is gone", ...last.slice(-3).map((l) => l.text)].join("\n") : (broken ?? (state === "failed" ? last.at(-1)?.text : undefined));
  return {
    name, id: name, url: port === 0 ? "" : `http://${isIPv6(host) ? `[${host}]` : host}:${port}`, protocol: "oip/2", digest: main?.digest ?? record.digest, state, versions: supervisor === null ? [] : shown,
    ...(main !== undefined && supervisor !== null && { version: main.id }), ...(reason !== undefined && { reason }),
  };
}
