import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { MlstackError, type DeployFault, type Deployment, type DeployRequest, type ModelDeployer, type ServableKind } from "@mlstack/core";
import { request, testModel } from "./models.ts";

/** A deployer under test. */
export interface DeployerUnderTest {
  /** Another object for the same service, as another process has it. */
  open(): Promise<ModelDeployer>;
  /** A name that no other case uses. */
  readonly name: string;
  /** Longest that a deployment may take, in milliseconds. */
  readonly waitMs: number;
}

/** One promise of model_deployer@1, for any flavor. Needs no test runner. */
export interface DeployerCase {
  readonly id: string;
  /** What the deployer has to take for the case to make sense. */
  readonly needs?: ServableKind["kind"];
  run(under: DeployerUnderTest): Promise<void>;
}

const faults = (...reasons: DeployFault[]) => (e: unknown) => {
  assert.ok(MlstackError.is(e), String(e));
  assert.ok(reasons.includes(e.details?.["reason"] as DeployFault), `${reasons.join(" or ")} was expected: ${JSON.stringify(e.details)}: ${e.message}`);
  return true;
};
const ask = async (d: ModelDeployer, name: string, ...x: number[]) => (await d.infer(name, request(...x))).outputs[0]!.data;

async function logged(d: ModelDeployer, name: string): Promise<string[]> {
  const texts: string[] = [];
  for await (const line of d.logs?.(name, { lines: 1000 }) ?? []) texts.push(line.text);
  return texts;
}

export const deployerCases: readonly DeployerCase[] = [
  {
    id: "waits until the model answers, and shows it everywhere", needs: "predictor",
    async run({ open, name, waitMs }) {
      const d = await open();
      const { model, servable } = testModel({ factor: 2 });
      const made = await d.deploy({ name, model, servable, waitMs });
      assert.equal(made.state, "ready");
      assert.equal(made.digest, model.digest);
      assert.deepEqual(made.versions.map((v) => [v.id, v.state, v.traffic]), [[made.version, "ready", 1]]);
      assert.deepEqual(await ask(d, name, 1, 2, 3), [2, 4, 6]);
      const other = await open();
      assert.deepEqual(await other.get(name), made);
      const listed: Deployment[] = [];
      for await (const one of other.list()) listed.push(one);
      assert.deepEqual(listed.filter((one) => one.name === name), [made]);
    },
  },
  {
    id: "the same demand again is the same version, in another process too", needs: "predictor",
    async run({ open, name, waitMs }) {
      const demand = (): DeployRequest => ({ name, ...testModel({ factor: 2 }), waitMs });
      const first = await (await open()).deploy(demand());
      assert.deepEqual(await (await open()).deploy(demand()), first);
      const both = await Promise.all([(await open()).deploy(demand()), (await open()).deploy(demand())]);
      assert.deepEqual(both, [first, first]);
    },
  },
  {
    id: "other settings, another model and other code are other versions", needs: "predictor",
    async run({ open, name, waitMs }) {
      const d = await open();
      const ids = new Set<string>();
      for (const made of [testModel({ factor: 2 }), testModel({ factor: 3 }), testModel({ factor: 3 }, "edited")]) ids.add((await d.deploy({ name, ...made, waitMs })).version!);
      assert.equal(ids.size, 3);
      const { versions } = (await d.get(name))!;
      assert.equal(versions.filter((v) => v.state === "ready").length, 1);
    },
  },
  {
    id: "an update fails no request, and answers are of the old version, then of the new one", needs: "predictor",
    async run({ open, name, waitMs }) {
      const d = await open();
      const { url } = await d.deploy({ name, ...testModel({ factor: 1, delayMs: 5 }), waitMs });
      let going = true;
      const client = async () => {
        const seen: unknown[] = [];
        while (going) seen.push((await ask(d, name, 1))[0]);
        return seen;
      };
      const clients = [client(), client(), client()];
      await ask(d, name, 1);
      const updated = await d.deploy({ name, ...testModel({ factor: 2, delayMs: 5 }), waitMs });
      assert.equal(updated.url, url);
      assert.deepEqual(await ask(d, name, 1), [2]);
      going = false;
      for (const seen of await Promise.all(clients)) {
        assert.ok(seen.length > 0 && seen[0] === 1, `a client has seen ${seen.join(" ")}`);
        assert.deepEqual(seen, seen.toSorted((a, b) => Number(a) - Number(b)), "the old version answered after the new one");
      }
    },
  },
  {
    id: "an update that fails leaves the old version in service, and says what was printed", needs: "predictor",
    async run({ open, name, waitMs }) {
      const d = await open();
      await d.deploy({ name, ...testModel({ factor: 2 }), waitMs });
      await assert.rejects(async () => d.deploy({ name, ...testModel({ factor: 3, broken: true }), waitMs }), (e) => faults("failed")(e) && assert.match(JSON.stringify((e as MlstackError).details), /this model is broken/) === undefined);
      await assert.rejects(async () => d.deploy({ name, ...testModel({ factor: 3, exits: true }), waitMs }), faults("failed"));
      const now = (await d.get(name))!;
      assert.equal(now.state, "ready");
      assert.deepEqual(await ask(d, name, 1), [2]);
    },
  },
  {
    id: "a first version that fails is failed, and nothing answers", needs: "predictor",
    async run({ open, name, waitMs }) {
      const d = await open();
      await assert.rejects(async () => d.deploy({ name, ...testModel({ factor: 1, broken: true }), waitMs }), faults("failed"));
      assert.equal((await d.get(name))?.state, "failed");
      await assert.rejects(async () => ask(d, name, 1), faults("not-ready"));
      await d.deploy({ name, ...testModel({ factor: 1 }), waitMs });
      assert.deepEqual(await ask(d, name, 1), [1]);
    },
  },
  {
    id: "waiting can be left and taken up again", needs: "predictor",
    async run({ open, name, waitMs }) {
      const d = await open();
      const made = testModel({ factor: 2 });
      const asked = await d.deploy({ name, ...made, waitMs: 0 });
      assert.ok(asked.state === "pending" || asked.state === "ready", asked.state);
      await assert.rejects(async () => d.deploy({ name, ...made, waitMs }, { signal: AbortSignal.abort(new Error("enough")) }), /enough/);
      assert.equal((await d.deploy({ name, ...made, waitMs })).url, asked.url);
    },
  },
  {
    id: "traffic is shared between two versions, and promoted", needs: "predictor",
    async run({ open, name, waitMs }) {
      const d = await open();
      await assert.rejects(async () => d.deploy({ name, ...testModel({ factor: 1 }), traffic: 0.5, waitMs }), faults("invalid"));
      const { version: old } = await d.deploy({ name, ...testModel({ factor: 1 }), waitMs });
      const both = await d.deploy({ name, ...testModel({ factor: 2 }), traffic: 0.5, waitMs });
      assert.deepEqual(both.versions.map((v) => v.traffic), [0.5, 0.5]);
      const fresh = both.versions.find((v) => v.id !== old)!.id;
      // 200 answers of one kind by chance: never
      const seen = new Set<unknown>();
      for (let n = 0; n < 200 && seen.size < 2; n++) seen.add((await ask(d, name, 1))[0]);
      assert.deepEqual([...seen].toSorted((a, b) => Number(a) - Number(b)), [1, 2]);
      await d.setTraffic(name, fresh, 0);
      assert.deepEqual(await ask(d, name, 1), [1]);
      await assert.rejects(async () => d.setTraffic(name, "none", 1), faults("not-found"));
      await d.setTraffic(name, fresh, 1);
      assert.deepEqual(await ask(d, name, 1), [2]);
    },
  },
  {
    id: "replicas are a wish", needs: "predictor",
    async run({ open, name, waitMs }) {
      const d = await open();
      const made = testModel({ factor: 2 });
      const one = await d.deploy({ name, ...made, waitMs });
      const two = await d.deploy({ name, ...made, replicas: 2, waitMs });
      assert.equal(two.version, one.version);
      const until = Date.now() + waitMs;
      while ((await d.get(name))!.versions[0]!.replicas === 1 && Date.now() < until) await sleep(50);
      assert.deepEqual(await ask(d, name, 1), [2]);
    },
  },
  {
    id: "stop keeps name and address; start and deploy bring it back", needs: "predictor",
    async run({ open, name, waitMs }) {
      const d = await open();
      const made = testModel({ factor: 2 });
      const before = await d.deploy({ name, ...made, waitMs });
      const stopped = await d.stop(name);
      assert.deepEqual([stopped.state, stopped.url, stopped.versions.length, stopped.digest], ["stopped", before.url, 0, before.digest]);
      assert.equal((await d.stop(name)).state, "stopped");
      await assert.rejects(async () => ask(d, name, 1), faults("not-ready"));
      if (d.start !== undefined) {
        assert.deepEqual([(await d.start(name)).url, await ask(d, name, 1)], [before.url, [2]]);
        assert.equal((await d.start(name)).state, "ready");
        await d.stop(name);
      }
      assert.deepEqual([(await d.deploy({ name, ...made, waitMs })).url, await ask(d, name, 1)], [before.url, [2]]);
    },
  },
  {
    id: "of demands at the same time one holds in the end, and the others hear that theirs does not", needs: "predictor",
    async run({ open, name, waitMs }) {
      const factors = [1, 2, 3];
      const ended = await Promise.allSettled(factors.map(async (factor) => (await open()).deploy({ name, ...testModel({ factor }), waitMs })));
      const d = await open();
      const [now] = await ask(d, name, 1);
      assert.ok(factors.includes(Number(now)), String(now));
      for (const [n, one] of ended.entries()) {
        if (one.status === "rejected") { faults("failed", "busy")(one.reason); continue; }
        assert.equal(one.value.state, "ready", `factor ${factors[n]}`);
      }
      assert.ok(ended.some((one) => one.status === "fulfilled"));
      const until = Date.now() + waitMs;
      while ((await d.get(name))!.versions.length > 1 && Date.now() < until) await sleep(50);
      const { state, versions } = (await d.get(name))!;
      assert.deepEqual([state, versions.map((v) => v.traffic)], ["ready", [1]]);
    },
  },
  {
    id: "what was asked before a stop is answered", needs: "predictor",
    async run({ open, name, waitMs }) {
      const d = await open();
      await d.deploy({ name, ...testModel({ factor: 2, delayMs: 500 }), waitMs });
      await ask(d, name, 1);
      const asked = Array.from({ length: 5 }, async () => ask(d, name, 1));
      // all of them have to be there before the stop is: the model counts
      const until = Date.now() + waitMs;
      while ((await logged(d, name)).filter((text) => text === "asked").length < 6 && d.logs !== undefined && Date.now() < until) await sleep(20);
      const stopped = d.stop(name);
      assert.deepEqual(await Promise.all(asked), [[2], [2], [2], [2], [2]]);
      await stopped;
    },
  },
  {
    id: "shares survive stop and start, and an update of what is stopped serves the new version alone", needs: "predictor",
    async run({ open, name, waitMs }) {
      const d = await open();
      await d.deploy({ name, ...testModel({ factor: 1 }), waitMs });
      const both = await d.deploy({ name, ...testModel({ factor: 2 }), traffic: 0.25, waitMs });
      const shares = (of: Deployment) => Object.fromEntries(of.versions.map((v) => [v.id, v.traffic]));
      await d.stop(name);
      if (d.start !== undefined) assert.deepEqual(shares(await d.start(name)), shares(both));
      await d.stop(name);
      const { version } = await d.deploy({ name, ...testModel({ factor: 3 }), waitMs });
      const until = Date.now() + waitMs;
      while ((await d.get(name))!.versions.length > 1 && Date.now() < until) await sleep(50);
      assert.deepEqual(shares((await d.get(name))!), { [version!]: 1 });
      assert.deepEqual(await ask(d, name, 1), [3]);
    },
  },
  {
    id: "delete leaves nothing, and is no error where nothing is", needs: "predictor",
    async run({ open, name, waitMs }) {
      const d = await open();
      await d.delete(name);
      await d.deploy({ name, ...testModel({ factor: 2 }), waitMs });
      await d.delete(name);
      assert.equal(await d.get(name), undefined);
      for (const call of [() => d.stop(name), () => ask(d, name, 1), () => d.setTraffic(name, "v", 1)]) await assert.rejects(call, faults("not-found"));
      await d.delete(name);
    },
  },
  {
    id: "requests that can't be, and models that throw, are told apart", needs: "predictor",
    async run({ open, name, waitMs }) {
      const d = await open();
      await d.deploy({ name, ...testModel({ factor: 2 }), waitMs });
      const bad = (tensor: object) => assert.rejects(async () => d.infer(name, { inputs: [{ ...request(1).inputs[0]!, ...tensor }] }), faults("invalid"));
      await bad({ data: [Number.NaN] });
      await bad({ shape: [2] });
      await bad({ name: "z" });
      await bad({ datatype: "INT32" });
      await bad({ shape: [1, 1] });
      await assert.rejects(async () => ask(d, name, -1), (e) => faults("failed")(e) && assert.match((e as Error).message, /takes no -1/) === undefined);
      await assert.rejects(async () => d.infer(name, { ...request(1), outputs: ["q"] }), faults("invalid"));
      const answer = await d.infer(name, { id: "7", ...request(3), outputs: ["y"] });
      assert.deepEqual([answer.id, answer.outputs], ["7", [{ name: "y", shape: [1], datatype: "FP64", data: [6] }]]);
      assert.equal(answer.version, (await d.get(name))!.version);
    },
  },
  {
    id: "what is demanded wrongly is refused before anything is changed",
    async run({ open, name, waitMs }) {
      const d = await open();
      const made = testModel({ factor: 2 });
      for (const wrong of ["Upper", "1st", "a_b", "-a", "a-", "x".repeat(40), "../x", ""]) await assert.rejects(async () => d.deploy({ name: wrong, ...made, waitMs }), faults("invalid"), wrong);
      for (const traffic of [-0.1, 1.1, Number.NaN]) await assert.rejects(async () => d.deploy({ name, ...made, traffic, waitMs }), faults("invalid"));
      await assert.rejects(async () => d.deploy({ name, ...made, settings: { nobodyKnowsThis: 1 }, waitMs }), (e) => MlstackError.is(e, "MLS2008") || faults("invalid")(e));
      await assert.rejects(async () => d.deploy({ name, model: { ...made.model, format: "acme.unheard-of/1" }, servable: { kind: "format" }, waitMs }), faults("unsupported"));
      if (!d.accepts.some((a) => a.kind === "image")) await assert.rejects(async () => d.deploy({ name, ...made, servable: { kind: "image", reference: "x" }, waitMs }), faults("unsupported"));
      assert.equal(await d.get(name), undefined);
    },
  },
  {
    id: "what was printed can be read", needs: "predictor",
    async run({ open, name, waitMs }) {
      const d = await open();
      const { version } = await d.deploy({ name, ...testModel({ factor: 2 }), waitMs });
      if (d.logs === undefined) return;
      await assert.rejects(async () => d.deploy({ name, ...testModel({ factor: 3, exits: true }), waitMs }), (e) => faults("failed")(e) && assert.match(JSON.stringify((e as MlstackError).details), /loading .*exits/) === undefined);
      const lines = [];
      for await (const line of d.logs(name)) lines.push(line);
      assert.ok(lines.some((l) => l.text === 'loading {"factor":2}' && (l.version === undefined || l.version === version)), JSON.stringify(lines));
      const last = [];
      for await (const line of d.logs(name, { lines: 1 })) last.push(line);
      assert.deepEqual(last, lines.slice(-1));
    },
  },
];
