import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { Deployment, DeployRequest, JsonObject, ModelDeployer } from "@mlstack/core";
import { NotApplicable } from "../suite.ts";
import { request, testModel, type ModelWish, type TestModel } from "./models.ts";

/** A deployer under test. Cases deploy under names of their own (`conformance-<random>-…`), which are deleted afterwards; nothing else is changed. */
export interface ModelDeployerSubject {
  /** Opens the deployer: each time another object for the same service, as another process has it. */
  open(): Promise<ModelDeployer>;
  /** Longest that a deployment takes, in milliseconds; 120,000 by default. The limit of a case (`limitMs`) has to be several times as long. */
  readonly waitMs?: number | undefined;
  /**
   * A model for a case; `testModel` by default, which is a predictor without packages. Flavors that serve formats or images by themselves bring their own. Undefined where
   * there is none that behaves so, such as one that breaks: then the case is skipped.
   */
  model?(wish: ModelWish): TestModel | undefined;
  /** Settings that the flavor knows, each another version; none by default. */
  readonly settings?: JsonObject | undefined;
  /**
   * Ends what serves a deployment, as the machine does that runs out of memory; resolves when it is no longer asked. By default the model is asked for -2, at which
   * that of the kit ends its process. `false` where models have no process of their own.
   */
  readonly crash?: ((deployer: ModelDeployer, name: string) => Promise<void>) | false | undefined;
  /** Takes a name in the service by something that the deployer did not make, and gives a way to remove it. */
  takeName?(name: string): Promise<() => Promise<void>>;
  /** Credentials that the service or the flavor has made for a deployment, which nobody may be shown. */
  credentialsOf?(name: string): Promise<readonly string[]>;
  /** The same deployer with credentials that the service does not take. */
  openDenied?(): Promise<ModelDeployer>;
  /** The same deployer at an address where nothing answers. */
  openUnreachable?(): Promise<ModelDeployer>;
}

export interface ModelDeployerContext {
  readonly subject: ModelDeployerSubject;
  readonly deployer: ModelDeployer;
  readonly waitMs: number;
  /** Another object for the same deployer; disposed of after the case. */
  open(): Promise<ModelDeployer>;
  /** The case's own deployment. */
  readonly name: string;
  /** A further name of this case. */
  nameOf(word: string): string;
  /** @throws NotApplicable where the test has no such model */
  model(wish: ModelWish): TestModel;
  /** A demand of this case's deployment. */
  demand(wish: ModelWish, more?: Partial<DeployRequest>): DeployRequest;
  /** Deploys under the case's name and waits. */
  deploy(wish: ModelWish, more?: Partial<DeployRequest>): Promise<Deployment>;
  /** What the case's deployment answers. */
  ask(...x: readonly number[]): Promise<readonly unknown[]>;
  /** Ends what serves the case's deployment. */
  crash(): Promise<void>;
}

export async function withinDeployer<T>(subject: ModelDeployerSubject, _id: string, use: (context: ModelDeployerContext) => Promise<T>): Promise<T> {
  const { waitMs = 120_000 } = subject;
  const opened: ModelDeployer[] = [];
  const open = async (): Promise<ModelDeployer> => { const one = await subject.open(); opened.push(one); return one; };
  const name = `conformance-${randomUUID().slice(0, 8)}`;
  const names = new Set([name]);
  const nameOf = (word: string): string => { names.add(`${name}-${word}`); return `${name}-${word}`; };
  try {
    const deployer = await open();
    const model = (wish: ModelWish): TestModel => {
      const made = subject.model === undefined ? testModel(wish) : subject.model(wish);
      if (made === undefined) throw new NotApplicable(`the test has no such model: ${JSON.stringify(wish)}`);
      return made;
    };
    const demand = (wish: ModelWish, more: Partial<DeployRequest> = {}): DeployRequest => ({ name, ...model(wish), waitMs, ...more });
    return await use({
      subject, deployer, waitMs, open, name, nameOf, model, demand,
      deploy: async (wish, more) => deployer.deploy(demand(wish, more)),
      ask: async (...x) => answerOf(deployer, name, ...x),
      crash: async () => { await (typeof subject.crash === "function" ? subject.crash(deployer, name) : assert.rejects(async () => deployer.infer(name, request(-2)), "a model that has ended its process has answered")); },
    });
  } finally {
    await clear(subject, names).catch(() => undefined);
    for (const one of opened) await one.dispose?.();
  }
}

/** The one output of a model of the suite. */
export const answerOf = async (deployer: ModelDeployer, name: string, ...x: readonly number[]): Promise<readonly unknown[]> => (await deployer.infer(name, request(...x))).outputs[0]!.data;

async function clear(subject: ModelDeployerSubject, names: ReadonlySet<string>): Promise<void> {
  const deployer = await subject.open();
  try { for (const name of names) await deployer.delete(name).catch(() => undefined); } finally { await deployer.dispose?.(); }
}
