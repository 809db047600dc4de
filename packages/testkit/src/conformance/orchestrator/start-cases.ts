import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { StepIdentity } from "@mlstack/core";
import { ENV } from "./subject.ts";
import { assertExit, finish, type OrchestratorCase } from "./tools.ts";

const TWICE = "Idempotent by `StepIdentity`: the driver may start the step again, and must find the one that is there";

export const startCases: readonly OrchestratorCase[] = [
  {
    id: "contract", title: "it is one of orchestrator@1, and can launch or compile", clause: "A flavor has at least one of two capabilities",
    async run({ orchestrator }) {
      assert.equal(orchestrator.contract, "orchestrator@1");
      assert.ok(orchestrator.launch !== undefined || orchestrator.compile !== undefined, "it has neither launch nor compile");
    },
  },
  {
    id: "launcher", title: "what the driver goes by is of the contract's words", clause: "The most steps it runs side by side. Whether `cancel` ends user code at once. What a step finds where it runs", needs: ["launch"],
    async run({ launcher: { maxParallel, cancel, sees, runsHere, driverSilenceMs } }) {
      assert.ok(Number.isInteger(maxParallel) && maxParallel >= 1, `maxParallel is ${maxParallel}`);
      assert.ok(["kill", "ask"].includes(cancel), `cancel is ${cancel}`);
      assert.ok(["project", "bundle"].includes(sees), `sees is ${sees}`);
      assert.ok(runsHere !== true || (sees === "project" && cancel === "ask"), "what runs in the driver's process sees the project and can't be killed");
      assert.ok(driverSilenceMs === undefined || driverSilenceMs > 0, `driverSilenceMs is ${driverSilenceMs}`);
    },
  },
  {
    id: "check", title: "its own check finds nothing wrong where all is well", clause: "Looks at reach, permissions and latency", needs: ["check"],
    async run({ orchestrator }) { assert.deepEqual((await orchestrator.check!()).filter((one) => !one.ok), []); },
  },
  {
    id: "start.handle", title: "a started step has a handle: an id of at most 512 characters, and the time of its beginning where that is told", clause: "Enough to find it again from another process: at most 512 characters. Resolves when the step's process runs. Starts a step and returns as soon as it is accepted", needs: ["launch"],
    async run({ start }) {
      const started = await start();
      const { id, started: began } = started.handle;
      assert.ok(typeof id === "string" && id.length > 0 && id.length <= 512, `the id is ${JSON.stringify(id)}`);
      if (began !== undefined) assert.ok(Number.isFinite((await began).getTime()), "it has no time at which it began");
      await finish(started);
    },
  },
  {
    id: "start.command", title: "the command runs in a folder that has the specification, and not as process 1", clause: "Arguments of `mlstack`, to be run in a folder that has `spec` as that file. Not as process 1 of its machine", needs: ["launch", "bundle"],
    async run({ start, launchOf, identity }) {
      const { command, spec } = launchOf(identity());
      const started = await start();
      assert.deepEqual(started.actor.args, command);
      assert.deepEqual(started.actor.spec, spec);
      assert.notEqual(started.actor.pid, 1);
      await finish(started);
    },
  },
  {
    id: "start.env", title: "a step's process has the variables that it is given, whatever their values", clause: "To be set where the step runs. TZ, LANG and LC_ALL are among them", needs: ["launch", "process"],
    async run({ start }) {
      const started = await start();
      assert.deepEqual(await started.actor.ask({ do: "env", names: Object.keys(ENV) }), ENV);
      await finish(started);
    },
  },
  {
    id: "start.env-own", title: "a step sees no variables of another one", clause: "Values of the environment variables that the step declares", needs: ["launch", "process"],
    async run({ start, startAs, identity, launchOf }) {
      const launch = launchOf(identity());
      const first = await startAs({ ...launch, env: { ...launch.env, CONFORMANCE_FIRST: "1" } });
      assert.deepEqual(await first.actor.ask({ do: "env", names: ["CONFORMANCE_FIRST"] }), { CONFORMANCE_FIRST: "1" });
      await finish(first);
      const second = await start({ attempt: 2 });
      assert.deepEqual(await second.actor.ask({ do: "env", names: ["CONFORMANCE_FIRST"] }), {});
      await finish(second);
    },
  },
  {
    id: "start.secret", title: "values of variables are in no command line, and in no handle's id", clause: "And where nobody else reads them", needs: ["launch", "process"],
    async run({ startAs, identity, launchOf }) {
      const launch = launchOf(identity());
      const secret = randomUUID();
      const started = await startAs({ ...launch, env: { ...launch.env, CONFORMANCE_SECRET: secret } });
      assert.deepEqual(await started.actor.ask({ do: "env", names: ["CONFORMANCE_SECRET"] }), { CONFORMANCE_SECRET: secret });
      assert.ok(!started.actor.commandLine.join(" ").includes(secret), "it is in the command line");
      assert.ok(!started.handle.id.includes(secret), "it is in the handle's id");
      await finish(started);
    },
  },
  {
    id: "start.large", title: "a specification of 64 KiB arrives as it is", clause: "What a step needs to run, in plain JSON; of at most 64 KiB where it travels", needs: ["launch", "bundle"],
    async run({ startAs, identity, launchOf }) {
      const launch = launchOf(identity());
      const bare = JSON.stringify({ ...launch.spec, settings: { text: "" } }).length;
      const spec = { ...launch.spec, settings: { text: "\u2028\"x".repeat(64).padEnd(64 * 1024, ".").slice(0, 64 * 1024 - bare - 64 - 2 * 64) } };
      assert.ok(Buffer.byteLength(JSON.stringify(spec)) <= 64 * 1024);
      const started = await startAs({ ...launch, spec });
      assert.deepEqual(started.actor.spec, spec);
      await finish(started);
    },
  },
  {
    id: "start.twice", title: "a step that is started again while it runs, at once or later, is the one that is there", clause: TWICE, needs: ["launch"],
    async run({ launcher, identity, launchOf, actorOf, actorsOf, keep }) {
      const launch = launchOf(identity());
      const [one, two] = (await Promise.all([launcher.start(launch), launcher.start(launch)])).map(keep);
      const actor = await actorOf(identity());
      const three = keep(await launcher.start(launch));
      assert.deepEqual([two!.id, three.id], [one!.id, one!.id]);
      actor.tell({ do: "return" });
      for (const end of await Promise.all([one!.ended, two!.ended, three.ended])) assertExit(end, 0);
      assert.equal(actorsOf(identity()).length, 1, "it was started more than once");
    },
  },
  {
    id: "start.twice-elsewhere", title: "a step that another process has started is the one that is there", clause: TWICE, needs: ["launch", "attach"],
    async run({ start, open, identity, launchOf, actorsOf, keep }) {
      const started = await start();
      const again = keep(await (await open()).launch!.start(launchOf(identity())));
      assert.equal(again.id, started.handle.id);
      await finish(started);
      await again.ended;
      assert.equal(actorsOf(identity()).length, 1, "it was started more than once");
    },
  },
  {
    id: "start.ended", title: "a step that is started again after its end has that end, or no trace is left and it runs anew", clause: "where that has ended and there is still a trace of it, its end", needs: ["launch", "process"],
    async run({ start, launcher, launchOf, identity, actorOf, keep }) {
      const { handle, actor } = await start();
      actor.tell({ do: "exit", code: 3 });
      assertExit(await handle.ended, 3);
      const again = keep(await launcher.start(launchOf(identity())));
      const anew = actorOf(identity(), 1).then((second) => { second.tell({ do: "exit", code: 3 }); return again.ended; });
      assertExit(await Promise.race([anew, again.ended]), 3);
    },
  },
  {
    id: "start.apart", title: "steps that differ in one part of their identity are different steps", clause: "What tells one start from every other. The plan node's id. Of an item of a `map`: `<node>@<item>`. How often the run had been resumed when this attempt was started", needs: ["launch", "parallel"],
    async run({ start, launcher, launchOf, identity, keep }) {
      const first = await start();
      const others: readonly Partial<StepIdentity>[] = [{ runId: `${identity().runId}-b` }, { node: "actor@0" }, { ordinal: 1 }, { attempt: 2 }];
      for (const more of others) {
        assert.notEqual(keep(await launcher.start(launchOf(identity(more)))).id, first.handle.id, `it is taken for a step that differs in ${Object.keys(more).join()}`);
        // it is the one that is there
        const other = await start(more);
        assert.notEqual(other.actor, first.actor);
        await finish(other);
      }
      assert.equal(first.actor.isGone, false, "the end of another one was its end");
      await finish(first);
    },
  },
];
