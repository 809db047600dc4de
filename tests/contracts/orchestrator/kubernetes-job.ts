import { createHash } from "node:crypto";
import type { ProcessEnd, StepIdentity, StepLaunch } from "@mlstack/core";

export interface Job {
  readonly metadata: { readonly name: string; readonly uid: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason?: string; readonly message?: string }[] };
}

export interface Pod {
  readonly metadata: { readonly name: string; readonly creationTimestamp?: string };
  readonly status?: {
    readonly phase?: string; readonly reason?: string; readonly message?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason?: string; readonly message?: string }[];
    readonly containerStatuses?: readonly { readonly state: { readonly running?: { readonly startedAt: string }; readonly waiting?: { readonly reason?: string; readonly message?: string }; readonly terminated?: { readonly exitCode: number; readonly reason?: string } } }[];
  };
}

/** What makes two launches the same one; its digest is also a legal name (labels: 63 characters, and pods add six). */
export function jobName(spec: StepIdentity): string {
  const id = JSON.stringify([spec.runId, spec.node, spec.ordinal, spec.attempt]);
  return `mls-${createHash("sha256").update(id).digest("hex").slice(0, 40)}`;
}

export const specDigest = (launch: StepLaunch): string => createHash("sha256").update(JSON.stringify(launch.spec)).digest("hex");

/** When a pod's container began to run, by the cluster's clock. */
export function startOf(pod: Pod | undefined): Date | undefined {
  const at = pod?.status?.containerStatuses?.[0]?.state.running?.startedAt;
  return at === undefined ? undefined : new Date(at);
}

/** The Job: one pod, never again by itself, for the driver is who retries. Values that may be secret come by the mounted Secret. */
export function jobBody(launch: StepLaunch, image: string) {
  const name = jobName(launch.spec);
  const { cpu, memory, gpu } = launch.spec.resources ?? {};
  const limits = { ...(cpu !== undefined && { cpu: String(cpu) }), ...(memory !== undefined && { memory: String(memory) }), ...(gpu && { "nvidia.com/gpu": String(gpu.count) }) };
  return {
    apiVersion: "batch/v1", kind: "Job",
    metadata: { name, annotations: { "mlstack/spec": specDigest(launch), "mlstack/node": launch.spec.node }, labels: { "app.kubernetes.io/managed-by": "mlstack" } },
    spec: {
      backoffLimit: 0, ttlSecondsAfterFinished: 86_400,
      template: {
        spec: {
          restartPolicy: "Never",
          containers: [{ name: "step", image, args: [...launch.command], workingDir: "/mlstack/step", resources: { limits, requests: limits }, volumeMounts: [{ name: "spec", mountPath: "/mlstack/step", readOnly: true }] }],
          volumes: [{ name: "spec", secret: { secretName: name } }],
        },
      },
    },
  };
}

/** The step's spec and variables, owned by the Job and so removed with it. Made after the Job, whose pod waits for it. */
export function secretBody(launch: StepLaunch, job: Job) {
  return {
    apiVersion: "v1", kind: "Secret", immutable: true,
    metadata: { name: job.metadata.name, ownerReferences: [{ apiVersion: "batch/v1", kind: "Job", name: job.metadata.name, uid: job.metadata.uid }] },
    stringData: { "spec.json": JSON.stringify(launch.spec), "env.json": JSON.stringify(launch.env) },
  };
}

/** Why a pod does not start and never will by itself; these are `Pending` for ever. */
const STUCK = new Set(["ImagePullBackOff", "ErrImagePull", "InvalidImageName", "ErrImageNeverPull", "CreateContainerConfigError", "CreateContainerError"]);

/** What keeps a pod from starting; `hopeless` where no waiting for room can help. */
export function blocked(pod: Pod | undefined): { readonly reason: string; readonly hopeless: boolean } | undefined {
  const waiting = pod?.status?.containerStatuses?.[0]?.state.waiting;
  if (waiting?.reason !== undefined && STUCK.has(waiting.reason)) return { reason: `${waiting.reason}: ${waiting.message ?? ""}`, hopeless: true };
  const unscheduled = pod?.status?.conditions?.find((c) => c.type === "PodScheduled" && c.status === "False");
  return unscheduled && { reason: `${unscheduled.reason ?? "Unschedulable"}: ${unscheduled.message ?? ""}`, hopeless: false };
}

/** How a Job ended, from its conditions and its pod's; undefined while it goes on. */
export function endOf(job: Job, pod: Pod | undefined): ProcessEnd | undefined {
  const is = (type: string) => job.status?.conditions?.find((c) => c.type === type && c.status === "True");
  if (is("Complete") !== undefined) return { status: "exited", exitCode: 0 };
  const failed = is("Failed");
  if (failed === undefined) return undefined;
  const disrupted = pod?.status?.conditions?.find((c) => c.type === "DisruptionTarget" && c.status === "True");
  if (pod?.status?.reason === "Evicted" || disrupted !== undefined) {
    return { status: "killed", blame: "platform", exitCode: null, reason: `${pod?.status?.reason ?? disrupted?.reason ?? "Disrupted"}: ${pod?.status?.message ?? disrupted?.message ?? ""}` };
  }
  const terminated = pod?.status?.containerStatuses?.[0]?.state.terminated;
  // Without the pod the exit code is gone: its node died, or somebody removed it.
  if (terminated === undefined) return { status: "killed", blame: "platform", exitCode: null, reason: `${failed.reason ?? "Failed"}: ${failed.message ?? ""}` };
  if (terminated.reason === "OOMKilled") return { status: "killed", blame: "step", exitCode: terminated.exitCode, reason: "OOMKilled: used more memory than its limit" };
  return { status: "exited", blame: "step", exitCode: terminated.exitCode };
}
