import assert from "node:assert/strict";
import { answerOf } from "./subject.ts";
import { faulty, lasting, sharesOf, until, type DeployerCase } from "./tools.ts";

const UPDATE = "An update fails no request: the version before serves until the new one has passed its health check, then gets no new requests, and goes when those that it has are answered";
const FAILS = "An update that fails leaves the version before in service";
const LAST_LINES = "`failed` with the version's last lines in `details.log`";
const SHARES = "Below 1 the version before keeps the rest; without one that is ready it is refused (`invalid`)";
const SET = "Shares the traffic between the two versions: `share` (0 to 1) goes to the version with this id, the rest to the other. 1 promotes it: the other version goes once its requests are answered";

export const updateCases: readonly DeployerCase[] = [
  {
    id: "update.rolling", title: "an update fails no request, and answers are of the old version, then of the new one, at the same address", clause: `${UPDATE}. A second deploy under the same name is an update`, needs: ["model"],
    async run({ deployer, name, waitMs, deploy, ask }) {
      const { url } = await deploy({ factor: 1, delayMs: 5 });
      let going = true;
      const client = async (): Promise<unknown[]> => { const seen: unknown[] = []; while (going) seen.push((await ask(1))[0]); return seen; };
      const clients = [client(), client(), client()];
      // a failed request ends its client, which is told in the end
      const ended = Promise.all(clients);
      ended.catch(() => { going = false; });
      await ask(1);
      const updated = await deploy({ factor: 2, delayMs: 5 });
      assert.deepEqual([updated.url, await ask(1)], [url, [2]]);
      going = false;
      for (const seen of await ended) {
        assert.ok(seen.length > 0 && seen[0] === 1, `a client has seen ${seen.join(" ")}`);
        assert.deepEqual(seen, seen.toSorted((a, b) => Number(a) - Number(b)), "the old version answered after the new one");
      }
      await until(waitMs, "the old version goes", async () => (await deployer.get(name))!.versions.length === 1);
    },
  },
  {
    id: "update.answers", title: "what the old version was asked is answered by it, though the new one serves", clause: UPDATE, needs: ["model"],
    async run({ deployer, name, deploy, ask }) {
      await deploy({ factor: 1, delayMs: 500 });
      await ask(1);
      const asked = [ask(1), ask(1), ask(1)];
      const settled = Promise.allSettled(asked);
      await deploy({ factor: 2 });
      assert.deepEqual((await settled).map((one) => (one.status === "fulfilled" ? one.value : String(one.reason))).filter(([value]) => value !== 1 && value !== 2), [], "a request that was under way was not answered");
      assert.deepEqual(await answerOf(deployer, name, 1), [2]);
    },
  },
  {
    id: "update.fails", title: "an update that fails leaves the old version in service, and says what was printed", clause: `${FAILS}. ${LAST_LINES}. \`ready\`: it answers, also while a second version is brought up or has failed`, needs: ["model"],
    async run({ deployer, name, deploy, ask }) {
      const before = await deploy({ factor: 2 });
      const error = await faulty(async () => deploy({ factor: 3, broken: true }), "a model that can't be loaded", "failed");
      assert.match(JSON.stringify(error.details?.["log"] ?? ""), /this model is broken/, "the last lines are not in details.log");
      const now = (await deployer.get(name))!;
      assert.deepEqual([now.state, now.version, now.url, sharesOf(now)[before.version!]], ["ready", before.version, before.url, 1]);
      assert.deepEqual(await ask(1), [2]);
    },
  },
  {
    id: "update.exits", title: "an update whose process ends leaves the old version in service", clause: FAILS, needs: ["model", "crash"],
    async run({ deployer, name, deploy, ask }) {
      await deploy({ factor: 2 });
      await faulty(async () => deploy({ factor: 3, exits: true }), "a model whose process ends", "failed");
      assert.deepEqual([(await deployer.get(name))!.state, await ask(1)], ["ready", [2]]);
    },
  },
  {
    id: "update.after-failure", title: "after an update that has failed the next one is as any other", clause: `${FAILS}. One, or two during an update or while traffic is shared`, needs: ["model"],
    async run({ deployer, name, waitMs, deploy, ask }) {
      await deploy({ factor: 1 });
      await faulty(async () => deploy({ factor: 2, broken: true }), "a model that can't be loaded", "failed");
      const { version } = await deploy({ factor: 3 });
      await until(waitMs, "the new version alone", async () => (await deployer.get(name))!.versions.length === 1);
      assert.deepEqual([sharesOf((await deployer.get(name))!), await ask(1)], [{ [version!]: 1 }, [3]]);
    },
  },
  {
    id: "first.fails", title: "a first version that fails is failed, says why, and the next deploy may mend it", clause: "`failed`: nothing answers and nothing will without another `deploy`. Stopped, failed → pending by `deploy`. Nothing of that name answers yet, or any more", needs: ["model"],
    async run({ deployer, name, deploy, ask }) {
      await faulty(async () => deploy({ factor: 1, broken: true }), "a model that can't be loaded", "failed");
      const { state, reason } = (await deployer.get(name))!;
      assert.equal(state, "failed");
      assert.ok(reason !== undefined && reason !== "", "it does not say why");
      await faulty(async () => ask(1), "a request to what has failed", "not-ready");
      assert.equal((await deploy({ factor: 1 })).state, "ready");
      assert.deepEqual(await ask(1), [1]);
    },
  },
  {
    id: "traffic.shared", title: "two versions share the traffic, and both answer", clause: `${SHARES}. The shares of all versions add up to 1. Id of the version that serves the most traffic`, needs: ["model"],
    async run({ deployer, name, deploy, ask }) {
      const { version: old } = await deploy({ factor: 1 });
      const both = await deploy({ factor: 2 }, { traffic: 0.5 });
      assert.deepEqual(both.versions.map((v) => [v.id === old, v.traffic]), [[true, 0.5], [false, 0.5]], "the older first, with half of the traffic each");
      // 200 answers of one kind by chance: never
      const seen = new Set<unknown>();
      for (let n = 0; n < 200 && seen.size < 2; n++) seen.add((await ask(1))[0]);
      assert.deepEqual([...seen].toSorted((a, b) => Number(a) - Number(b)), [1, 2]);
      const another = await deploy({ factor: 2 }, { traffic: 0.25 });
      assert.deepEqual([another.version, sharesOf(another)], [old, { [old!]: 0.75, [both.versions[1]!.id]: 0.25 }], "another share is set in place");
      assert.deepEqual(lasting(await deployer.get(name)), lasting(another));
    },
  },
  {
    id: "traffic.rounded", title: "a share is in whole percent, never none and never all", clause: "Rounded to whole percent, never to none or all", needs: ["model"],
    async run({ deployer, name, deploy }) {
      await deploy({ factor: 1 });
      const both = await deploy({ factor: 2 }, { traffic: 0.001 });
      assert.deepEqual(both.versions.map((v) => v.traffic), [0.99, 0.01]);
      const fresh = both.versions[1]!.id;
      assert.deepEqual((await deployer.setTraffic(name, fresh, 0.999)).versions.map((v) => v.traffic), [0.01, 0.99]);
    },
  },
  {
    id: "traffic.set", title: "the traffic is shared anew, kept from a version, and given to one alone", clause: `${SET}. A version with 0 stays, and costs, until the other one is promoted`, needs: ["model"],
    async run({ deployer, name, waitMs, deploy, ask }) {
      const { version: old } = await deploy({ factor: 1 });
      const fresh = (await deploy({ factor: 2 }, { traffic: 0.5 })).versions.find((v) => v.id !== old)!.id;
      assert.deepEqual(sharesOf(await deployer.setTraffic(name, fresh, 0)), { [old!]: 1, [fresh]: 0 });
      for (let n = 0; n < 10; n++) assert.deepEqual(await ask(1), [1]);
      assert.deepEqual(sharesOf(await deployer.setTraffic(name, fresh, 0.3)), { [old!]: 0.7, [fresh]: 0.3 });
      await deployer.setTraffic(name, fresh, 1);
      for (let n = 0; n < 10; n++) assert.deepEqual(await ask(1), [2]);
      await until(waitMs, "the old version goes", async () => (await deployer.get(name))!.versions.length === 1);
      assert.equal((await deployer.get(name))!.version, fresh);
    },
  },
  {
    id: "traffic.refused", title: "a share for what is not there, or is not ready, is refused, and nothing changes", clause: "@throws MLS6003: `not-found` for a name or version that is not deployed, `not-ready` where that version is", needs: ["model"],
    async run({ deployer, name, nameOf, deploy }) {
      await faulty(async () => deployer.setTraffic(nameOf("none"), "v", 1), "a name that is not deployed", "not-found");
      await deploy({ factor: 1 });
      await faulty(async () => deploy({ factor: 2, broken: true }), "a model that can't be loaded", "failed");
      const before = (await deployer.get(name))!;
      await faulty(async () => deployer.setTraffic(name, "none", 1), "a version that is not deployed", "not-found");
      for (const { id } of before.versions.filter((one) => one.state === "failed")) await faulty(async () => deployer.setTraffic(name, id, 0.5), "a version that has failed", "not-ready");
      for (const share of [-0.1, 1.1, Number.NaN]) await faulty(async () => deployer.setTraffic(name, before.version!, share), `the share ${share}`, "invalid");
      assert.deepEqual(lasting(await deployer.get(name)), lasting(before));
    },
  },
];
