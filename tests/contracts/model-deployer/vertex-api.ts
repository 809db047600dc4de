import { createHash } from "node:crypto";
import { MlstackError, type CallOptions, type DeployRequest, type DeployFault } from "@mlstack/core";
import { patiently, vendorError, type Answer, type Sent, type Transport } from "../testing/tape.ts";
import { fault } from "./faults.ts";

export interface DeployedModel { readonly id: string; readonly displayName: string; readonly model: string; readonly status?: { readonly availableReplicaCount?: number }; readonly dedicatedResources?: { readonly minReplicaCount: number } }
export interface Endpoint {
  readonly name: string;
  readonly etag: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly deployedModels?: readonly DeployedModel[];
  readonly trafficSplit?: Readonly<Record<string, number>>;
}
export interface Operation { readonly name: string; readonly done?: boolean; readonly error?: { readonly code: number; readonly message: string }; readonly response?: object }

/** Identity of a version: everything that needs new machines. Of the name too, so that deleting one deployment never takes another's model. */
export function versionIds({ name, model, servable, resources, settings }: DeployRequest): { readonly model: string; readonly deployed: string } {
  const hex = createHash("sha256").update(JSON.stringify([name, model.digest, servable, resources ?? null, settings ?? null])).digest("hex");
  // A deployed model's id is up to ten digits and may be chosen: so a repeated request names the same one.
  return { model: `mls-${hex.slice(0, 40)}`, deployed: String(1_000_000_000n + (BigInt(`0x${hex.slice(0, 15)}`) % 9_000_000_000n)) };
}

const REASONS: Readonly<Record<number, DeployFault>> = { 3: "invalid", 5: "not-found", 6: "conflict", 8: "quota", 9: "failed", 10: "busy" };

/** The parts of Vertex AI that the deployer needs: requests, and operations that take their time. */
export function vertexApi(send: Transport, parent: string, clock: { now(): number; sleep(ms: number): Promise<void> }) {
  const ask = async (method: string, url: string, body?: object, good: readonly number[] = [], options?: CallOptions): Promise<Answer> => {
    const sent: Sent = { method, url, ...(body && { body }) };
    const { answer } = await patiently(send, sent, options);
    if (answer.status === 200 || good.includes(answer.status)) return answer;
    const { message = "" } = (answer.body as { error?: { message?: string } } | undefined)?.error ?? {};
    // A quota answers 429; 409 is a name that is taken, or an etag that has changed.
    if (answer.status === 429) throw fault("quota", message);
    if (answer.status === 409 || answer.status === 412) throw fault("busy", message);
    if (answer.status === 400) throw fault("invalid", message);
    throw vendorError(`${method} ${url}: ${message}`, answer);
  };
  const endpointUrl = (name: string) => `${parent}/endpoints/${name}`;

  return {
    ask,
    endpointUrl,
    async endpoint(name: string, options?: CallOptions): Promise<Endpoint | undefined> {
      const answer = await ask("GET", endpointUrl(name), undefined, [404], options);
      if (answer.status === 404) return undefined;
      const endpoint = answer.body as Endpoint;
      if (endpoint.labels?.["mlstack"] !== "deployment") throw fault("conflict", `${name} is an endpoint that mlstack did not make`);
      return endpoint;
    },
    /** Operations that go on at an endpoint: what an earlier process began is found here. */
    async underWay(name: string, options?: CallOptions): Promise<readonly Operation[]> {
      const { operations = [] } = (await ask("GET", `${endpointUrl(name)}/operations?filter=done%3Dfalse`, undefined, [], options)).body as { operations?: Operation[] };
      return operations;
    },
    /** Waits for an operation; undefined when the time is up, and it goes on. Aborting ends the waiting only. */
    async wait(begun: Operation, deadline: number, signal?: AbortSignal): Promise<Operation | undefined> {
      for (let op = begun; ;) {
        signal?.throwIfAborted();
        if (op.error !== undefined) {
          const reason = REASONS[op.error.code] ?? "failed";
          if (op.error.code === 7 || op.error.code === 16) throw new MlstackError("MLS6002", op.error.message);
          throw fault(reason, op.error.message, { log: op.error.message });
        }
        if (op.done === true) return op;
        if (clock.now() >= deadline) return undefined;
        await clock.sleep(5000);
        op = (await ask("GET", `/v1/${op.name}`)).body as Operation;
      }
    },
  };
}
