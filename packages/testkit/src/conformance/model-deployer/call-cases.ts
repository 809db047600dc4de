import assert from "node:assert/strict";
import { parseFormatId, type ErrorCode, type ModelDeployer } from "@mlstack/core";
import { aborted, refused } from "../refused.ts";
import { request } from "./models.ts";
import { answerOf, type ModelDeployerSubject } from "./subject.ts";
import { lasting, listed, type DeployerCase } from "./tools.ts";

const ABORT = "Aborts the call; the component stops what it does and rejects with the signal's reason";

const drained = async (all: AsyncIterable<unknown>): Promise<void> => { for await (const one of all) assert.ok(one !== undefined); };

type Call = readonly [what: string, call: (signal?: AbortSignal) => Promise<unknown>];
const callsOf = (d: ModelDeployer, name: string, version: string): readonly Call[] => [
  ["get", async (signal) => d.get(name, { signal })],
  ["list", async (signal) => drained(d.list({ signal }))],
  ["infer", async (signal) => d.infer(name, request(1), { signal })],
  ["setTraffic", async (signal) => d.setTraffic(name, version, 0.5, { signal })],
  ["stop", async (signal) => d.stop(name, { signal })],
  ["delete", async (signal) => d.delete(name, { signal })],
  ...(d.start === undefined ? [] : [["start", async (signal?: AbortSignal) => d.start!(name, { signal })] as const]),
  ...(d.logs === undefined ? [] : [["logs", async (signal?: AbortSignal) => drained(d.logs!(name, { signal }))] as const]),
];

const failing = (need: "denied" | "unreachable", title: string, clause: string, code: ErrorCode, open: (s: ModelDeployerSubject) => Promise<ModelDeployer>): DeployerCase => ({
  id: `fails.${need}`, title, clause, needs: [need],
  async run({ subject, name, demand }) {
    const deployer = await open(subject);
    try {
      for (const [what, call] of [["deploy", async () => deployer.deploy(demand({ factor: 2 }))], ...callsOf(deployer, name, "v")] as const) {
        const error = await refused(call, code);
        assert.ok(error.message !== "", what);
      }
      if (deployer.check !== undefined) assert.ok((await deployer.check()).some((one) => !one.ok), "its own check finds nothing wrong");
    } finally { await deployer.dispose?.(); }
  },
});

export const deployerCallCases: readonly DeployerCase[] = [
  {
    id: "contract", title: "the deployer names its contract and what it serves", clause: "contract: \"model_deployer@1\". What this deployer can serve",
    async run({ deployer }) {
      assert.equal(deployer.contract, "model_deployer@1");
      assert.ok(deployer.accepts.length > 0, "it serves nothing");
      for (const one of deployer.accepts) {
        assert.ok(["format", "predictor", "image"].includes(one.kind), one.kind);
        if (one.kind === "format") assert.ok(one.formats.length > 0 && one.formats.every((format) => parseFormatId(format) !== undefined), `formats are ids such as onnx.model/1: ${one.formats.join(", ")}`);
      }
    },
  },
  {
    id: "check", title: "the check of a deployer that works finds that it works, and deploys nothing", clause: "Looks at reach, permissions and latency. Writes nothing that stays", needs: ["check"],
    async run({ deployer }) {
      const all = async (): Promise<string[]> => { const names: string[] = []; for await (const { name } of deployer.list()) if (!name.startsWith("conformance-")) names.push(name); return names.toSorted(); };
      const before = await all();
      const findings = await deployer.check!();
      assert.ok(findings.length > 0, "it has looked at nothing");
      for (const { name, ok, message } of findings) { assert.ok(ok, `${name}: ${message}`); assert.ok(name !== "" && message !== "", "a finding without words"); }
      assert.deepEqual(await all(), before);
    },
  },
  {
    id: "dispose", title: "a deployment outlives the object that has made it", clause: "Releases connections and files. All deployments that this component made, of any process", needs: ["model"],
    async run({ deployer, open, name, demand }) {
      const other = await open();
      const made = await other.deploy(demand({ factor: 2 }));
      await other.dispose?.();
      assert.deepEqual([lasting(await deployer.get(name)), (await listed(deployer, name)).length], [lasting(made), 1]);
      assert.deepEqual(await answerOf(deployer, name, 1), [2]);
    },
  },
  {
    id: "credentials", title: "no credential of a deployment is shown", clause: "Never holds a credential: no token in `url`, no values of environment variables, no key of a service account", needs: ["model", "credentials"],
    async run({ subject, deployer, name, deploy }) {
      const made = await deploy({ factor: 2 });
      const secrets = await subject.credentialsOf!(name);
      assert.ok(secrets.length > 0 && secrets.every((one) => one.length >= 8), "the test has named no credentials");
      const shown = JSON.stringify([made, await deployer.get(name), await listed(deployer, name), await deployer.stop(name)]);
      for (const one of secrets) assert.ok(!shown.includes(one), "a credential is in a Deployment");
    },
  },
  {
    id: "abort.before", title: "a call whose signal was aborted before does nothing and rejects with the signal's reason", clause: ABORT, needs: ["model"],
    async run({ deployer, name, nameOf, deploy, demand, ask }) {
      await deploy({ factor: 2 });
      const both = await deploy({ factor: 2, note: "edited" }, { traffic: 0.25 });
      const reason = new Error("enough");
      for (const [what, call] of callsOf(deployer, name, both.versions[1]!.id)) await aborted(async () => call(AbortSignal.abort(reason)), reason, what);
      for (const [what, call] of callsOf(deployer, nameOf("b"), "v").filter(([one]) => one === "get" || one === "delete")) await aborted(async () => call(AbortSignal.abort(reason)), reason, `${what} of nothing`);
      await aborted(async () => deployer.deploy(demand({ factor: 2 }, { name: nameOf("b") }), { signal: AbortSignal.abort(reason) }), reason, "deploy");
      assert.deepEqual(lasting(await deployer.get(name)), lasting(both));
      assert.deepEqual(await ask(1), [2]);
    },
  },
  {
    id: "abort.infer", title: "a request that is aborted ends, and the model goes on", clause: ABORT, needs: ["model"],
    async run({ deployer, name, deploy, ask }) {
      await deploy({ factor: 2, delayMs: 500 });
      const reason = new Error("enough");
      const stop = new AbortController();
      const asked = aborted(async () => deployer.infer(name, request(1), { signal: stop.signal }), reason, "infer");
      setImmediate(() => { stop.abort(reason); });
      await asked;
      assert.deepEqual(await ask(2), [4]);
    },
  },
  failing("denied", "credentials that are not taken are MLS6002 by every method", "MLS6002 not allowed", "MLS6002", (s) => s.openDenied!()),
  failing("unreachable", "a service that can't be reached is MLS6001 by every method", "MLS6001 when the service does not serve at the moment (not reached, no or half an answer, 408, 429, 5xx, also when it was tried again)", "MLS6001", (s) => s.openUnreachable!()),
];
