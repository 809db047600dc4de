import { MlstackError, type CallOptions, type Launcher, type Orchestrator, type ProcessEnd, type StepHandle, type StepLaunch } from "@mlstack/core";
import { patiently, vendorError, type Answer, type Transport } from "../testing/tape.ts";
import { blocked, endOf, jobBody, jobName, secretBody, specDigest, startOf, type Job, type Pod } from "./kubernetes-job.ts";

export interface KubernetesConfig {
  readonly namespace: string;
  readonly image: string;
  /** How long a step may wait to run, in milliseconds. */
  readonly startTimeoutMs: number;
  now(): number;
}

/** Kubernetes Jobs on paper: one Job per step, watched from here, found again from anywhere. */
export function kubernetesOrchestrator(send: Transport, config: KubernetesConfig): Orchestrator & { readonly launch: Launcher } {
  const ns = config.namespace;
  const jobs = `/apis/batch/v1/namespaces/${ns}/jobs`;
  const core = `/api/v1/namespaces/${ns}`;
  const selector = (name: string) => `labelSelector=batch.kubernetes.io%2Fjob-name%3D${name}`;

  const stoppable = ({ signal }: CallOptions = {}): Transport => (sent) => { signal?.throwIfAborted(); return send(sent); };

  const find = async (name: string, call?: CallOptions): Promise<Job | undefined> => {
    const { answer } = await patiently(stoppable(call), { method: "GET", url: `${jobs}/${name}` });
    if (answer.status === 404) return undefined;
    if (answer.status !== 200) throw refusal(`job ${name}`, answer);
    return answer.body as Job;
  };
  const pods = async (name: string, call?: CallOptions): Promise<{ readonly pod: Pod | undefined; readonly version: string }> => {
    const { answer } = await patiently(stoppable(call), { method: "GET", url: `${core}/pods?${selector(name)}` });
    if (answer.status !== 200) throw refusal(`pods of ${name}`, answer);
    const list = answer.body as { items: Pod[]; metadata: { resourceVersion: string } };
    return { pod: list.items.at(-1), version: list.metadata.resourceVersion };
  };
  const remove = async ({ metadata: { name, uid } }: Job, call?: CallOptions): Promise<void> => {
    // The uid keeps it from ending another Job of that name. Without the policy the API leaves the pod running.
    const { answer } = await patiently(stoppable(call), { method: "DELETE", url: `${jobs}/${name}`, body: { propagationPolicy: "Foreground", preconditions: { uid } } });
    if (![200, 202, 404, 409].includes(answer.status)) throw refusal(`job ${name}`, answer);
  };

  /** Looks, then watches for a change, then looks again: a watch only says when to look, so a lost one (410 Gone, a closed connection) costs nothing. */
  async function follow(job: Job, cancelled: () => string | undefined, began: (at: Date) => void): Promise<ProcessEnd> {
    const { name, uid } = job.metadata;
    const since = config.now();
    for (;;) {
      const current = await find(name);
      if (current?.metadata.uid !== uid) {
        const reason = cancelled();
        return reason === undefined ? { status: "lost", exitCode: null, reason: "the Job was removed" } : { status: "killed", blame: "cancel", exitCode: null, reason };
      }
      const { pod, version } = await pods(name);
      const at = startOf(pod);
      if (at !== undefined) began(at);
      const end = endOf(current, pod);
      if (end !== undefined) return end;
      const block = blocked(pod);
      if (block !== undefined && cancelled() === undefined && config.now() - since > config.startTimeoutMs) {
        await remove(job);
        return { status: "never-started", exitCode: null, reason: block.reason };
      }
      const left = Math.max(1, Math.ceil((config.startTimeoutMs - (config.now() - since)) / 1000));
      await patiently(send, { method: "GET", url: `${core}/pods?${selector(name)}&watch=1&resourceVersion=${version}&timeoutSeconds=${block === undefined ? 300 : left}` });
    }
  }

  /** @param known how it ended, of one that had ended when it was found */
  function handle(job: Job, known?: ProcessEnd): StepHandle {
    let why: string | undefined;
    let began: (at: Date) => void = () => undefined;
    const started = new Promise<Date>((done) => { began = done; });
    const { name, uid } = job.metadata;
    return {
      id: `${ns}/${name}/${uid}`, started,
      ended: known !== undefined ? Promise.resolve(known) : follow(job, () => why, (at) => began(at)).catch((e: unknown) => ({ status: "lost", exitCode: null, reason: e instanceof Error ? e.message : String(e) })),
      async cancel(reason, call) {
        why ??= reason;
        await remove(job, call);
      },
      async tail(call) {
        const { pod } = await pods(name, call);
        if (pod === undefined) return "";
        // `limitBytes` cuts off the end, which is the part that is wanted: so lines are asked for, and cut here.
        const { answer } = await patiently(stoppable(call), { method: "GET", url: `${core}/pods/${pod.metadata.name}/log?tailLines=500` });
        return answer.status === 200 ? String(answer.body).slice(-65_536) : "";
      },
    };
  }

  return {
    contract: "orchestrator@1",
    launch: {
      maxParallel: 50, cancel: "kill", sees: "bundle",

      async start(launch: StepLaunch, call) {
        const name = jobName(launch.spec);
        const { answer } = await patiently(stoppable(call), { method: "POST", url: jobs, body: jobBody(launch, config.image) });
        // The name says which launch it is: one that exists is what an earlier call made whose answer was lost.
        const job = answer.status === 409 ? await find(name, call) : answer.status === 201 ? answer.body as Job : undefined;
        if (job === undefined) throw refusal(`job ${name}`, answer);
        if (job.metadata.annotations?.["mlstack/spec"] !== specDigest(launch)) throw new MlstackError("MLS6003", `job ${name} exists and is another step's`);
        const secret = await patiently(stoppable(call), { method: "POST", url: `${core}/secrets`, body: secretBody(launch, job) });
        if (secret.answer.status !== 201 && secret.answer.status !== 409) {
          // Its pod has not run, for it waits for the Secret: so removing it makes "certainly not started" true.
          await remove(job);
          throw refusal(`secret ${name}`, secret.answer);
        }
        return handle(job);
      },

      async attach({ id, ...identity }, call) {
        const [space, name, uid] = id?.split("/") ?? [ns, jobName(identity)];
        if (space !== ns || name === undefined) throw new MlstackError("MLS6003", `the step is in another namespace: ${String(space)}`);
        const job = await find(name, call);
        if (job === undefined || (uid !== undefined && job.metadata.uid !== uid)) return undefined;
        return handle(job, endOf(job, (await pods(name, call)).pod));
      },
    },
  };
}

/** A quota answers 403 like a missing permission; only its words tell them apart. */
function refusal(what: string, answer: Answer): MlstackError {
  const message = (answer.body as { message?: string } | undefined)?.message ?? "";
  return message.includes("exceeded quota") ? new MlstackError("MLS6003", `${what}: ${message}`, { details: { reason: "quota" } }) : vendorError(`${what}: ${message}`, answer);
}
