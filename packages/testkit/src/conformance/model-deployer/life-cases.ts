import assert from "node:assert/strict";
import { MlstackError } from "@mlstack/core";
import { answerOf } from "./subject.ts";
import { faulty, lasting, listed, printed, sharesOf, until, type DeployerCase } from "./tools.ts";

const STOP = "Ends the processes and the costs; name and address stay. `deploy` brings it back. Idempotent";
const START = "Brings back what `stop` has ended, or what has died: the versions that served last, with their shares, under the same address. Waits until they serve; of one that is ready nothing is changed";
const DELETE = "Removes all that `deploy` made for this name. Resolves when it is gone; removing what is not there is no error";
const CRASH = "Ready → pending | stopped | failed (its processes are gone). `pending`: nothing answers at the moment: its first version is being brought up, or its processes have ended and are started again";

export const lifeCases: readonly DeployerCase[] = [
  {
    id: "stop.address", title: "what is stopped keeps name and address, and deploy brings it back", clause: `${STOP}. Left out when stopped. None when stopped. Digest of that version's model artifact; when stopped of the last one`, needs: ["model"],
    async run({ deployer, open, name, deploy, ask }) {
      const before = await deploy({ factor: 2 });
      const stopped = await deployer.stop(name);
      assert.deepEqual([stopped.state, stopped.url, stopped.versions, stopped.version, stopped.digest], ["stopped", before.url, [], undefined, before.digest]);
      const other = await open();
      assert.deepEqual([await other.get(name), await listed(other, name)], [stopped, [stopped]]);
      assert.deepEqual(await other.stop(name), stopped);
      await faulty(async () => ask(1), "a request to what is stopped", "not-ready");
      assert.deepEqual([(await deploy({ factor: 2 })).url, await ask(1)], [before.url, [2]]);
    },
  },
  {
    id: "stop.answers", title: "what was asked before a stop is answered", clause: "Draining: gets no new requests and goes when those that it has are answered", needs: ["model", "logs"],
    async run({ deployer, name, waitMs, deploy, ask }) {
      await deploy({ factor: 2, delayMs: 500 });
      await ask(1);
      const asked = Array.from({ length: 5 }, async () => ask(1));
      // all of them have to be there before the stop is: the model counts
      await until(waitMs, "all requests are there", async () => (await printed(deployer, name)).filter((text) => text === "asked").length >= 6);
      const stopped = deployer.stop(name);
      assert.deepEqual(await Promise.all(asked), [[2], [2], [2], [2], [2]]);
      await stopped;
    },
  },
  {
    id: "stop.update", title: "an update of what is stopped serves the new version alone", clause: STOP, needs: ["model"],
    async run({ deployer, name, waitMs, deploy, ask }) {
      await deploy({ factor: 1 });
      await deployer.stop(name);
      await faulty(async () => deploy({ factor: 2 }, { traffic: 0.5 }), "a share beside a version that is stopped", "invalid");
      const { version } = await deploy({ factor: 3 });
      await until(waitMs, "the new version alone", async () => (await deployer.get(name))!.versions.length === 1);
      assert.deepEqual([sharesOf((await deployer.get(name))!), await ask(1)], [{ [version!]: 1 }, [3]]);
    },
  },
  {
    id: "start.brings-back", title: "start brings back what served last, with its shares, at the same address", clause: START, needs: ["model", "start"],
    async run({ deployer, open, name, deploy, ask }) {
      await deploy({ factor: 2 });
      const both = await deploy({ factor: 2, note: "edited" }, { traffic: 0.25 });
      await deployer.stop(name);
      const started = await (await open()).start!(name);
      assert.deepEqual([started.state, started.url, sharesOf(started), await ask(1)], ["ready", both.url, sharesOf(both), [2]]);
      assert.deepEqual(lasting(await deployer.start!(name)), lasting(started), "what is ready was changed");
    },
  },
  {
    id: "delete.gone", title: "delete leaves nothing, is no error where nothing is, and the name is free", clause: DELETE, needs: ["model"],
    async run({ deployer, open, name, deploy, ask }) {
      await deployer.delete(name);
      await deploy({ factor: 2 });
      await (await open()).delete(name);
      assert.deepEqual([await deployer.get(name), await listed(deployer, name)], [undefined, []]);
      await faulty(async () => ask(1), "a request to what is deleted", "not-found");
      await deployer.delete(name);
      await deploy({ factor: 3 });
      assert.deepEqual([await ask(1), (await deployer.get(name))!.versions.length], [[3], 1]);
    },
  },
  {
    id: "delete.stopped", title: "delete removes what is stopped, too", clause: DELETE, needs: ["model"],
    async run({ deployer, name, deploy }) {
      await deploy({ factor: 2 });
      await deployer.stop(name);
      await deployer.delete(name);
      assert.deepEqual([await deployer.get(name), await listed(deployer, name)], [undefined, []]);
    },
  },
  {
    id: "missing", title: "what nobody has deployed is undefined, and `not-found` for what changes it", clause: "The deployment of that name as it is now; undefined when there is none. Changes nothing. @throws MLS6003: `not-found`. No such deployment or version",
    async run({ deployer, name }) {
      assert.equal(await deployer.get(name), undefined);
      await faulty(async () => deployer.stop(name), "stop", "not-found");
      await faulty(async () => deployer.setTraffic(name, "v", 1), "setTraffic", "not-found");
      if (deployer.start !== undefined) await faulty(async () => deployer.start!(name), "start", "not-found");
      await faulty(async () => answerOf(deployer, name, 1), "infer", "not-found");
      assert.deepEqual(await listed(deployer, name), []);
    },
  },
  {
    id: "crash.returns", title: "what has died is not ready, and answers again at the same address: by itself, or by the next deploy", clause: CRASH, needs: ["model", "crash"],
    async run({ deployer, name, waitMs, deploy, ask, crash }) {
      const before = await deploy({ factor: 2 });
      await crash();
      const answers = async (): Promise<boolean> => {
        try { assert.deepEqual(await ask(1), [2]); return true; } catch (e) {
          if (!MlstackError.is(e)) throw e;
          assert.ok(e.code === "MLS6001" || e.details?.["reason"] === "not-ready", `a request to what has died: ${e.code} ${JSON.stringify(e.details)}: ${e.message}`);
          return false;
        }
      };
      await until(waitMs, "it is ready again, or failed", async () => {
        const { state, reason } = (await deployer.get(name))!;
        if (state === "pending" || state === "failed") assert.ok(reason !== undefined && reason !== "", `it is ${state} and does not say why`);
        if (state === "failed") await deploy({ factor: 2 });
        return state === "ready" && answers();
      });
      const now = (await deployer.get(name))!;
      assert.deepEqual([now.url, now.version, now.reason], [before.url, before.version, undefined]);
    },
  },
  {
    id: "crash.once", title: "a request that the model has seen is not sent again", clause: "Tried again only where the model certainly did not see the request (refused connection, 429, 503)", needs: ["model", "crash", "logs"],
    async run({ deployer, name, waitMs, deploy, crash }) {
      await deploy({ factor: 2 });
      await crash();
      await until(waitMs, "it is ready again, or failed", async () => ["ready", "failed"].includes((await deployer.get(name))!.state));
      assert.ok((await printed(deployer, name)).filter((text) => text === "asked").length <= 1, "the model was asked again");
    },
  },
  {
    id: "logs.lines", title: "what was printed can be read, oldest first, and the last lines of it", clause: "What the versions printed, oldest first; `lines` (default 100) from the end. Milliseconds since 1970 (UTC). Without the end of its line", needs: ["model", "logs"],
    async run({ deployer, name, deploy, ask, waitMs }) {
      const { version } = await deploy({ factor: 2 });
      await ask(1);
      const texts = async (lines?: number): Promise<string[]> => { const all: string[] = []; for await (const line of deployer.logs!(name, { lines })) { assert.ok(line.version === undefined || line.version === version, `a line of ${String(line.version)}`); assert.ok(Math.abs(line.time - Date.now()) < 3_600_000, `a line of the time ${line.time}`); all.push(line.text); } return all; };
      await until(waitMs, "the lines are there", async () => (await texts()).includes("asked"));
      const all = await texts();
      assert.ok(all.findIndex((text) => text.startsWith("loading")) < all.indexOf("asked") && all.some((text) => text.startsWith("loading")), `the lines are ${JSON.stringify(all)}`);
      assert.deepEqual(await texts(1), all.slice(-1));
    },
  },
];
