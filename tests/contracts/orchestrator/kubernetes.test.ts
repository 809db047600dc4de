import { describe, expect, it } from "vitest";
import { launchOf } from "../testing/launch.ts";
import { tape, type Answer, type Exchange } from "../testing/tape.ts";
import { jobBody, jobName, secretBody, specDigest, type Pod } from "./kubernetes-job.ts";
import { kubernetesOrchestrator } from "./kubernetes.ts";

const launch = launchOf();
const name = jobName(launch.spec);
const launched = { id: `ml/${name}/u1`, runId: launch.spec.runId, node: launch.spec.node, ordinal: launch.spec.ordinal, attempt: launch.spec.attempt };
const jobs = "/apis/batch/v1/namespaces/ml/jobs";
const podsUrl = `/api/v1/namespaces/ml/pods?labelSelector=batch.kubernetes.io%2Fjob-name%3D${name}`;
const job = (type?: string, more: object = {}) => ({ metadata: { name, uid: "u1", annotations: { "mlstack/spec": specDigest(launch) } }, status: { conditions: type === undefined ? [] : [{ type, status: "True", ...more }] } });
const create: Exchange = [{ method: "POST", url: jobs, body: jobBody(launch, "img") }, { status: 201, body: job() }];
const secret: Exchange = [{ method: "POST", url: "/api/v1/namespaces/ml/secrets", body: secretBody(launch, job()) }, { status: 201 }];
const look = (body?: unknown): Exchange => [{ method: "GET", url: `${jobs}/${name}` }, body === undefined ? { status: 404 } : { status: 200, body }];
const pods = (status?: Pod["status"]): Exchange => [{ method: "GET", url: podsUrl }, { status: 200, body: { metadata: { resourceVersion: "7" }, items: status === undefined ? [] : [{ metadata: { name: `${name}-x` }, status }] } }];
const watch = (answer: Answer | "lost", seconds = 300): Exchange => [{ method: "GET", url: `${podsUrl}&watch=1&resourceVersion=7&timeoutSeconds=${seconds}` }, answer];
const remove: Exchange = [{ method: "DELETE", url: `${jobs}/${name}`, body: { propagationPolicy: "Foreground", preconditions: { uid: "u1" } } }, { status: 200 }];
const ended = (state: object): Pod["status"] => ({ containerStatuses: [{ state: { terminated: state as { exitCode: number } } }] });

function cluster(...recording: Exchange[]) {
  const recorded = tape(...recording);
  let time = 0;
  return { ...recorded, ...kubernetesOrchestrator(recorded.send, { namespace: "ml", image: "img", startTimeoutMs: 60_000, now: () => (time += 40_000) }) };
}

async function ends(...after: Exchange[]) {
  const c = cluster(create, secret, ...after);
  const end = await (await c.launch.start(launch)).ended;
  c.done();
  return end;
}

describe("orchestrator@1 launch on Kubernetes", () => {
  it("starts a Job that never repeats by itself, its secrets not in its pod's spec", async () => {
    expect(await ends(look(job("Complete")), pods())).toEqual({ status: "exited", exitCode: 0 });
    expect(JSON.stringify(jobBody(launch, "img"))).not.toContain("TOKEN");
    expect(name.length).toBeLessThanOrEqual(57);
    expect(jobBody(launch, "img")).toMatchObject({ spec: { backoffLimit: 0, template: { spec: { restartPolicy: "Never", containers: [{ resources: { limits: { memory: "536870912" } } }], volumes: [{ secret: { secretName: name } }] } } } });
    expect(secretBody(launch, job())).toMatchObject({ metadata: { ownerReferences: [{ kind: "Job", name, uid: "u1" }] }, stringData: { "env.json": '{"TOKEN":"t"}' } });
  });

  it("finds the Job again when the answer to its creation was lost", async () => {
    const c = cluster([create[0], "lost"], [create[0], { status: 409 }], look(job()), [secret[0], { status: 409 }], look(job("Complete")), pods());
    expect((await c.launch.start(launch)).id).toBe(`ml/${name}/u1`);
  });

  it("refuses a Job of that name that is another's, and gives a resumed run names of its own", async () => {
    const c = cluster([create[0], { status: 409 }], look({ ...job(), metadata: { name, uid: "u0" } }));
    await expect(c.launch.start(launch)).rejects.toMatchObject({ code: "MLS6003" });
    expect(jobName({ ...launch.spec, ordinal: 1 })).not.toBe(name);
  });

  it.each<[string, number, string]>([["exceeded quota: gpus", 403, "MLS6003"], ["cannot create resource jobs", 403, "MLS6002"], ["spec.template: Invalid value", 422, "MLS6003"]])("says why it was not started: %s", async (message, status, code) => {
    await expect(cluster([create[0], { status, body: { message } }]).launch.start(launch)).rejects.toMatchObject({ code });
  });

  it("leaves no half-started step", async () => {
    const c = cluster(create, [secret[0], { status: 403 }], remove);
    await expect(c.launch.start(launch)).rejects.toMatchObject({ code: "MLS6002" });
    c.done();
  });

  it("looks again after 410 Gone and after a broken watch", async () => {
    expect(await ends(look(job()), pods({ phase: "Running" }), watch({ status: 410 }), look(job()), pods({ phase: "Running" }), watch("lost"), watch({ status: 200 }), look(job("Complete")), pods())).toMatchObject({ exitCode: 0 });
  });

  it.each<[string, Pod["status"], object]>([
    ["user code fails", ended({ exitCode: 3, reason: "Error" }), { status: "exited", blame: "step", exitCode: 3 }],
    ["out of memory", ended({ exitCode: 137, reason: "OOMKilled" }), { status: "killed", blame: "step", exitCode: 137, reason: expect.stringMatching(/^OOMKilled/) }],
    ["evicted", { phase: "Failed", reason: "Evicted", message: "low on ephemeral-storage" }, { status: "killed", blame: "platform", exitCode: null, reason: "Evicted: low on ephemeral-storage" }],
    ["preempted", { conditions: [{ type: "DisruptionTarget", status: "True", reason: "PreemptionByScheduler" }], ...ended({ exitCode: 143 }) }, { status: "killed", blame: "platform", exitCode: null, reason: expect.stringMatching(/^Preemption/) }],
    ["node gone with its pod", undefined, { status: "killed", blame: "platform", exitCode: null, reason: "BackoffLimitExceeded: x" }],
  ])("tells how it ended: %s", async (_, status, end) => {
    expect(await ends(look(job("Failed", { reason: "BackoffLimitExceeded", message: "x" })), pods(status))).toEqual(end);
  });

  it("does not wait for ever for an image that is not there", async () => {
    const stuck: Pod["status"] = { phase: "Pending", containerStatuses: [{ state: { waiting: { reason: "ImagePullBackOff", message: "no such image" } } }] };
    expect(await ends(look(job()), pods(stuck), watch({ status: 200 }, 1), look(job()), pods(stuck), remove)).toEqual({ status: "never-started", exitCode: null, reason: "ImagePullBackOff: no such image" });
  });

  it("is lost when the Job was removed, killed when it was us, and no trace for who comes later", async () => {
    expect(await ends(look())).toMatchObject({ status: "lost", reason: "the Job was removed" });
    expect(await ends(look({ ...job("Complete"), metadata: { name, uid: "u2" } }))).toMatchObject({ status: "lost", reason: "the Job was removed" });
    const c = cluster(look(), look({ ...job(), metadata: { name, uid: "u2" } }));
    expect(await c.launch.attach!(launched)).toBeUndefined();
    expect(await c.launch.attach!(launched)).toBeUndefined();
    await expect(c.launch.attach!({ ...launched, id: `other/${name}/u1` })).rejects.toMatchObject({ code: "MLS6003" });
  });

  it("finds a Job by what it was started for, and tells at once how one ended that has", async () => {
    const c = cluster(look(job()), pods({ phase: "Running" }), look(job()), pods({ phase: "Running" }), watch("lost"), watch({ status: 200 }), look(job("Complete")), pods());
    const { id: _, ...identity } = launched;
    const found = await c.launch.attach!(identity);
    expect([found!.id, await found!.ended]).toEqual([launched.id, { status: "exited", exitCode: 0 }]);
    const over = await cluster(look(job("Failed")), pods(ended({ exitCode: 4 }))).launch.attach!(launched);
    expect(await Promise.race([over!.ended, Promise.resolve("not yet")])).toEqual({ status: "exited", blame: "step", exitCode: 4 });
  });

  it("says when it began to run, by the cluster's clock", async () => {
    const at = "2026-11-24T06:00:00Z";
    const c = cluster(create, secret, look(job()), pods({ phase: "Pending" }), watch({ status: 200 }), look(job()), pods({ phase: "Running", containerStatuses: [{ state: { running: { startedAt: at } } }] }), watch({ status: 200 }), look(job("Complete")), pods());
    const handle = await c.launch.start(launch);
    expect(await handle.started).toEqual(new Date(at));
    await handle.ended;
    c.done();
  });

  it("asks nothing more once its signal is aborted", async () => {
    const stopped = { signal: AbortSignal.abort(new Error("enough")) };
    const c = cluster(look(job("Complete")), pods());
    await expect(c.launch.start(launch, stopped)).rejects.toThrow("enough");
    await expect(c.launch.attach!(launched, stopped)).rejects.toThrow("enough");
    const found = await c.launch.attach!(launched);
    await expect(found!.cancel("why", stopped)).rejects.toThrow("enough");
    await expect(found!.tail!(stopped)).rejects.toThrow("enough");
    c.done();
  });

  it("cancels by the Job's uid", async () => {
    const c = cluster(look(job()), pods({ phase: "Running" }), look(job()), remove, pods({ phase: "Running" }), watch({ status: 200 }), look());
    const found = await c.launch.attach!(launched);
    await found!.cancel("stopped by a person");
    expect(await found!.ended).toEqual({ status: "killed", blame: "cancel", exitCode: null, reason: "stopped by a person" });
    c.done();
  });

  it("keeps the end of the log", async () => {
    const long = `${"a".repeat(70_000)}end`;
    const c = cluster(look(job()), pods({}), look(), pods({}), [{ method: "GET", url: `/api/v1/namespaces/ml/pods/${name}-x/log?tailLines=500` }, { status: 200, body: long }]);
    const found = await c.launch.attach!(launched);
    await found!.ended;
    const tail = await found!.tail!();
    expect([tail.length, tail.slice(-3)]).toEqual([65_536, "end"]);
  });
});
