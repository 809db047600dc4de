import assert from "node:assert/strict";
import { MlstackError, type DeployRequest } from "@mlstack/core";
import { answerOf } from "./subject.ts";
import { faulty, lasting, listed, sharesOf, until, type DeployerCase } from "./tools.ts";

const WAITS = "Deploys, or updates the deployment of that name, and waits until the version serves its share";
const IDEMPOTENT = "Idempotent by name and version: the same demand again finds the version that an earlier call made";
const IDENTITY = "A version is what was deployed: model, servable, resources and settings. It is named by an id that the deployer makes of these, the same in every process";
const REFUSED = "@throws MLS6003: `invalid`, `unsupported`, `conflict` and `busy` before anything is changed";
const EXCLUDE = "Two calls for one name exclude each other: the second is refused (`busy`) or waits";

export const deployCases: readonly DeployerCase[] = [
  {
    id: "deploy.ready", title: "deploy waits until the model answers, and everybody sees it", clause: `${WAITS}. Share of the traffic that goes to this version, 0 to 1; 1 by default. What the service calls it`, needs: ["model"],
    async run({ deployer, open, name, model, deploy, ask }) {
      const made = await deploy({ factor: 2 });
      assert.deepEqual([made.name, made.state, made.digest], [name, "ready", model({ factor: 2 }).model.digest]);
      assert.deepEqual(made.versions.map(({ id, state, traffic, digest }) => [id, state, traffic, digest]), [[made.version, "ready", 1, made.digest]]);
      assert.ok(made.id !== "" && made.protocol !== "" && URL.canParse(made.url), `it has no id, protocol or address: ${JSON.stringify(made)}`);
      assert.deepEqual(await ask(1, 2, 3), [2, 4, 6]);
      const other = await open();
      for (const one of [deployer, other]) assert.deepEqual([lasting(await one.get(name)), (await listed(one, name)).map(lasting)], [lasting(made), [lasting(made)]]);
      assert.deepEqual(await answerOf(other, name, 4), [8]);
    },
  },
  {
    id: "deploy.names", title: "names have deployments of their own", clause: "Serves models under names. A name has one address for as long as it exists", needs: ["model"],
    async run({ deployer, name, nameOf, demand }) {
      const [one, two] = [await deployer.deploy(demand({ factor: 2 })), await deployer.deploy(demand({ factor: 3 }, { name: nameOf("b") }))];
      assert.notEqual(one.url, two.url);
      assert.deepEqual([await answerOf(deployer, name, 1), await answerOf(deployer, nameOf("b"), 1)], [[2], [3]]);
      assert.deepEqual((await listed(deployer, name, nameOf("b"))).map((d) => d.url), [one.url, two.url]);
      await deployer.delete(nameOf("b"));
      assert.deepEqual([await deployer.get(nameOf("b")), await answerOf(deployer, name, 1)], [undefined, [2]]);
    },
  },
  {
    id: "deploy.again", title: "the same demand again is the same version, in another process too", clause: IDEMPOTENT, needs: ["model"],
    async run({ open, demand }) {
      const first = lasting(await (await open()).deploy(demand({ factor: 2 })));
      assert.deepEqual(lasting(await (await open()).deploy(demand({ factor: 2 }))), first);
      const both = await Promise.all([(await open()).deploy(demand({ factor: 2 })), (await open()).deploy(demand({ factor: 2 }))]);
      assert.deepEqual(both.map(lasting), [first, first]);
    },
  },
  {
    id: "deploy.identity", title: "another model and other code are other versions, and the same one again has its id", clause: `${IDENTITY}. The same code has the same digest everywhere. Part of the version's identity`, needs: ["model"],
    async run({ deployer, name, deploy, model }) {
      const wishes = [{ factor: 2 }, { factor: 3 }, { factor: 3, note: "edited" }, { factor: 2 }];
      const ids: string[] = [];
      for (const wish of wishes) ids.push((await deploy(wish)).version!);
      assert.equal(new Set(ids.slice(0, 3)).size, model({ factor: 3 }).servable.kind === "predictor" ? 3 : 2, "two versions have one id");
      assert.equal(ids[3], ids[0], "the same version has another id");
      assert.deepEqual((await deployer.get(name))!.versions.filter(({ state }) => state === "ready").length, 1);
    },
  },
  {
    id: "deploy.settings", title: "other settings are another version of the same model", clause: "The same model with other settings is another one. Part of the version's identity, so another value starts another version", needs: ["model", "settings"],
    async run({ subject, deploy, ask }) {
      const first = await deploy({ factor: 2 });
      const second = await deploy({ factor: 2 }, { settings: subject.settings });
      assert.deepEqual([second.version === first.version, second.digest], [false, first.digest]);
      assert.deepEqual(await ask(1), [2]);
    },
  },
  {
    id: "deploy.replicas", title: "another number of replicas changes the version in place", clause: "`replicas` and `traffic` are states wished for: another number changes the version in place. Processes or machines that serve, at least; 1 by default", needs: ["model"],
    async run({ deployer, name, waitMs, deploy, ask }) {
      const one = await deploy({ factor: 2 });
      for (const replicas of [2, 1]) {
        assert.equal((await deploy({ factor: 2 }, { replicas })).version, one.version);
        // those that the service counts
        await until(waitMs, `${replicas} replicas`, async () => { const [version] = (await deployer.get(name))!.versions; return version!.replicas === undefined || version!.replicas === replicas; });
        assert.deepEqual(await ask(1), [2]);
      }
    },
  },
  {
    id: "deploy.no-wait", title: "without waiting, the address is known at once, and the deployment goes on", clause: "`waitMs`: 0 returns as soon as the service has taken the demand. Where it answers; the same for all versions, known from the first `deploy` on", needs: ["model"],
    async run({ deploy, ask }) {
      const asked = await deploy({ factor: 2 }, { waitMs: 0 });
      assert.ok(asked.state === "pending" || asked.state === "ready", asked.state);
      assert.equal((await deploy({ factor: 2 })).url, asked.url);
      assert.deepEqual(await ask(1), [2]);
    },
  },
  {
    id: "deploy.timeout", title: "a wait that was too short is a timeout, and the deployment goes on", clause: "`timeout` when `waitMs` has passed: the deployment goes on, and calling again waits for it", needs: ["model"],
    async run({ deployer, name, waitMs, deploy, ask }) {
      await faulty(async () => deploy({ factor: 2 }, { waitMs: 1 }), "a wait of a millisecond", "timeout");
      await until(waitMs, "ready without anybody who waits", async () => (await deployer.get(name))?.state === "ready");
      assert.equal((await deploy({ factor: 2 })).state, "ready");
      assert.deepEqual(await ask(1), [2]);
    },
  },
  {
    id: "deploy.abort", title: "aborting ends the waiting, not the deployment", clause: "Aborting (`options.signal`) ends the waiting, not the deployment", needs: ["model"],
    async run({ deployer, name, waitMs, demand, ask }) {
      const reason = new Error("enough");
      const stop = new AbortController();
      await deployer.deploy(demand({ factor: 2 }, { waitMs: 0 }));
      const waiting = deployer.deploy(demand({ factor: 2 }), { signal: stop.signal }).then(() => undefined, (e: unknown) => e);
      stop.abort(reason);
      const error: unknown = await waiting;
      assert.ok(error === undefined || error === reason, String(error));
      await until(waitMs, "ready in spite of it", async () => (await deployer.get(name))?.state === "ready");
      assert.deepEqual(await ask(1), [2]);
    },
  },
  {
    id: "deploy.refused", title: "what is demanded wrongly is refused before anything is changed", clause: `${REFUSED}. \`[a-z]\`, then up to 38 of \`[a-z0-9-]\`, not \`-\` at the end. A name, share, setting or tensor that can't be`, needs: ["model"],
    async run({ deployer, name, nameOf, demand }) {
      const no = async (what: string, wrong: Partial<DeployRequest>): Promise<unknown> => faulty(async () => deployer.deploy(demand({ factor: 2 }, wrong)), what, "invalid");
      for (const wrong of ["Upper", "1st", "a_b", "-a", "a-", "x".repeat(40), "../x", ""]) await no(`the name ${JSON.stringify(wrong)}`, { name: wrong });
      for (const traffic of [-0.1, 1.1, Number.NaN]) await no(`the share ${traffic}`, { traffic });
      await no("a share without another version", { traffic: 0.5 });
      const unknown: unknown = await deployer.deploy(demand({ factor: 2 }, { name: nameOf("s"), settings: { nobodyKnowsThis: 1 } })).then(() => undefined, (e: unknown) => e);
      assert.ok(MlstackError.is(unknown, "MLS2008") || (MlstackError.is(unknown) && unknown.details?.["reason"] === "invalid"), `settings that nobody knows: ${String(unknown)}`);
      for (const one of [name, nameOf("s")]) assert.equal(await deployer.get(one), undefined);
    },
  },
  {
    id: "deploy.unsupported", title: "what the flavor does not take is refused before anything is changed", clause: "What this deployer can serve; a mismatch is refused before the run",
    async run({ deployer, name, demand }) {
      const of = demand({ factor: 2 });
      await faulty(async () => deployer.deploy({ ...of, model: { ...of.model, format: "acme.unheard-of/1" }, servable: { kind: "format" } }), "a format that nobody knows", "unsupported");
      if (!deployer.accepts.some((one) => one.kind === "image")) await faulty(async () => deployer.deploy({ ...of, servable: { kind: "image", reference: "x" } }), "an image", "unsupported");
      assert.equal(await deployer.get(name), undefined);
    },
  },
  {
    id: "deploy.foreign", title: "a name that something else has is left alone", clause: "`conflict`: the name is taken by something that this component did not make", needs: ["model", "foreign"],
    async run({ subject, deployer, name, deploy }) {
      const remove = await subject.takeName!(name);
      try {
        await faulty(async () => deploy({ factor: 2 }), "a name that is taken", "conflict");
        assert.deepEqual(await listed(deployer, name), [], "it is listed as one of its own");
        await deployer.delete(name).catch(() => undefined);
        await faulty(async () => deploy({ factor: 2 }), "a name that is taken, after delete", "conflict");
      } finally { await remove(); }
    },
  },
  {
    id: "deploy.at-once", title: "of demands at the same time one holds in the end, and the others hear that theirs does not", clause: `${EXCLUDE}. Another call changes this deployment now`, needs: ["model"],
    async run({ deployer, open, name, waitMs, demand, ask }) {
      const factors = [1, 2, 3];
      const ended = await Promise.allSettled(factors.map(async (factor) => (await open()).deploy(demand({ factor }))));
      for (const [n, one] of ended.entries()) {
        if (one.status === "rejected") await faulty(async () => { throw one.reason; }, `the demand of factor ${factors[n]}`, "failed", "busy");
        else assert.equal(one.value.state, "ready", `factor ${factors[n]}`);
      }
      assert.ok(ended.some((one) => one.status === "fulfilled"), "none of the demands holds");
      await until(waitMs, "one version alone", async () => (await deployer.get(name))!.versions.length === 1);
      const now = (await deployer.get(name))!;
      assert.deepEqual([now.state, Object.values(sharesOf(now))], ["ready", [1]]);
      const [answer] = await ask(1);
      const held = ended[Number(answer) - 1];
      assert.ok(held?.status === "fulfilled" && held.value.name === name, `it answers as the demand of factor ${String(answer)}, which was told that it does not hold`);
    },
  },
];
