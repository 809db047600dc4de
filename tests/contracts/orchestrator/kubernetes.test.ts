import { describe, expect, it } from "vitest";
import { launchOf } from "../testing/launch.ts";
import { tape, type Answer, type Exchange } from "../testing/tape.ts";
import { jobBody, jobName, secretBody, specDigest, type Pod } from "./kubernetes-job.ts";
import { kubernetesOrchestrator } from "./kubernetes.ts";

const launch = launchOf();
const name = jobName(launch.spec);
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
    ["user code fails", ended({ exitCode: 3, reason: "Error" }), { status: "exited", exitCode: 3 }],
    ["out of memory", ended({ exitCode: 137, reason: "OOMKilled" }), { status: "killed", exitCode: 137, reason: expect.stringMatching(/^OOMKilled/) }],
    ["evicted", { phase: "Failed", reason: "Evicted", message: "low on ephemeral-storage" }, { status: "killed", exitCode: null, reason: "Evicted: low on ephemeral-storage" }],
    ["preempted", { conditions: [{ type: "DisruptionTarget", status: "True", reason: "PreemptionByScheduler" }], ...ended({ exitCode: 143 }) }, { status: "killed", exitCode: null, reason: expect.stringMatching(/^Preemption/) }],
    ["node gone with its pod", undefined, { status: "killed", exitCode: null, reason: "BackoffLimitExceeded: x" }],
  ])("tells how it ended: %s", async (_, status, end) => {
    expect(await ends(look(job("Failed", { reason: "BackoffLimitExceeded", message: "x" })), pods(status))).toEqual(end);
  });

  it("does not wait for ever for an image that is not there", async () => {
    const stuck: Pod["status"] = { phase: "Pending", containerStatuses: [{ state: { waiting: { reason: "ImagePullBackOff", message: "no such image" } } }] };
    expect(await ends(look(job()), pods(stuck), watch({ status: 200 }, 1), look(job()), pods(stuck), remove)).toEqual({ status: "killed", exitCode: null, reason: "never started: ImagePullBackOff: no such image" });
  });

  it("is lost when the Job was removed, killed when it was us, and no trace for who comes later", async () => {
    expect(await ends(look())).toMatchObject({ status: "lost", reason: "the Job was removed" });
    expect(await ends(look({ ...job("Complete"), metadata: { name, uid: "u2" } }))).toMatchObject({ status: "lost", reason: "the Job was removed" });
    const c = cluster(look(), look({ ...job(), metadata: { name, uid: "u2" } }));
    expect(await c.launch.attach!(`ml/${name}/u1`)).toBeUndefined();
    expect(await c.launch.attach!(`ml/${name}/u1`)).toBeUndefined();
  });

  it("cancels by the Job's uid", async () => {
    const c = cluster(look(job()), look(job()), remove, pods({ phase: "Running" }), watch({ status: 200 }), look());
    const found = await c.launch.attach!(`ml/${name}/u1`);
    await found!.cancel("stopped by a person");
    expect(await found!.ended).toEqual({ status: "killed", exitCode: null, reason: "stopped by a person" });
    c.done();
  });

  it("keeps the end of the log", async () => {
    const long = `${"a".repeat(70_000)}end`;
    const c = cluster(look(job()), look(), pods({}), [{ method: "GET", url: `/api/v1/namespaces/ml/pods/${name}-x/log?tailLines=500` }, { status: 200, body: long }]);
    const found = await c.launch.attach!(`ml/${name}/u1`);
    await found!.ended;
    const tail = await found!.tail!();
    expect([tail.length, tail.slice(-3)]).toEqual([65_536, "end"]);
  });
});
