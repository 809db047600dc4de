import assert from "node:assert/strict";
import type { Tensor } from "@mlstack/core";
import { request } from "./models.ts";
import { faulty, type DeployerCase } from "./tools.ts";

export const inferCases: readonly DeployerCase[] = [
  {
    id: "infer.answer", title: "an answer has the request's id, the outputs that were asked for, and the version that gave it", clause: "Sends one request to the model and returns its answer. The schema is that of Open Inference Protocol v2 whatever the service speaks. Comes back with the answer. Outputs asked for, by name; all by default. Id of the version that answered. Of the request, where it had one. One tensor for each output that was asked for", needs: ["model"],
    async run({ deployer, name, deploy }) {
      const { version } = await deploy({ factor: 2 });
      const answer = await deployer.infer(name, { id: "7", ...request(3), outputs: ["y"] });
      assert.deepEqual([answer.id, answer.outputs], ["7", [{ name: "y", shape: [1], datatype: "FP64", data: [6] }]]);
      assert.ok(answer.version === undefined || answer.version === version, `the answer is of ${String(answer.version)}`);
      assert.deepEqual((await deployer.infer(name, request(0.1, -2.5, 1e300))).outputs.map(({ data, shape }) => [data, shape]), [[[0.2, -5, 2e300], [3]]]);
    },
  },
  {
    id: "infer.side-by-side", title: "answers belong to their requests, also of many at once", clause: "Sends one request to the model and returns its answer", needs: ["model"],
    async run({ deployer, name, deploy }) {
      await deploy({ factor: 2, delayMs: 5 });
      const answers = await Promise.all(Array.from({ length: 20 }, async (_, n) => deployer.infer(name, { id: String(n), ...request(n) })));
      assert.deepEqual(answers.map((one) => [one.id, one.outputs[0]!.data]), answers.map((_, n) => [String(n), [2 * n]]));
    },
  },
  {
    id: "infer.invalid", title: "tensors that can't be carried, or that the model does not take, are refused", clause: "`invalid` for tensors that the service can't carry or the model refuses. NaN, infinities and integers beyond 2^53 are refused. `details.reason` is a DeployFault in MLS6003", needs: ["model"],
    async run({ deployer, name, deploy, ask }) {
      await deploy({ factor: 2 });
      const bad = async (what: string, tensor: Partial<Tensor>): Promise<unknown> => faulty(async () => deployer.infer(name, { inputs: [{ ...request(1).inputs[0], ...tensor }] }), what, "invalid");
      await bad("NaN", { data: [Number.NaN] });
      await bad("an infinity", { data: [Infinity] });
      await bad("an integer beyond 2^53", { datatype: "INT64", data: [2 ** 60] });
      await bad("data that does not fill its shape", { shape: [2] });
      await bad("another name", { name: "z" });
      await bad("another type", { datatype: "INT32" });
      await bad("more dimensions", { shape: [1, 1] });
      await faulty(async () => deployer.infer(name, { inputs: [] }), "no input", "invalid");
      await faulty(async () => deployer.infer(name, { ...request(1), outputs: ["q"] }), "an output that the model has not", "invalid");
      assert.deepEqual(await ask(1), [2]);
    },
  },
  {
    id: "infer.throws", title: "what a model throws is its own failure, in its own words, and it goes on", clause: "`failed` when the model's code threw", needs: ["model"],
    async run({ deployer, name, deploy, ask }) {
      await deploy({ factor: 2 });
      const { message } = await faulty(async () => ask(-1), "a model that throws", "failed");
      assert.match(message, /takes no -1/);
      assert.deepEqual([(await deployer.get(name))!.state, await ask(1)], ["ready", [2]]);
    },
  },
];
