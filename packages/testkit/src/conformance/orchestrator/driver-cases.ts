import assert from "node:assert/strict";
import { ENV } from "./subject.ts";
import { assertCancelled, assertExit, type OrchestratorCase } from "./tools.ts";

const RUNS = "Starts the driver itself where steps run, so that the client may leave. It runs `launch.command` as `start` does";

export const driverCases: readonly OrchestratorCase[] = [
  {
    id: "driver.runs", title: "a driver's command runs in a folder that has its specification, with its variables, and has its exit code", clause: `${RUNS}. What the driver needs, to be written to the file that \`command\` names. Values as in \`StepLaunch.env\``, needs: ["launch", "driver"],
    async run({ startDriver, driverOf, identity }) {
      const { spec, command } = driverOf(identity());
      const { handle, actor } = await startDriver();
      assert.deepEqual([actor.args, actor.spec], [command, spec]);
      assert.deepEqual(await actor.ask({ do: "env", names: Object.keys(ENV) }), ENV);
      assert.ok(handle.id.length <= 512, `the id is of ${handle.id.length} characters`);
      actor.tell({ do: "exit", code: 3 });
      assertExit(await handle.ended, 3, "the driver");
    },
  },
  {
    id: "driver.twice", title: "a driver that is started again is the one that is there, and is found by its name", clause: "Idempotent by run and ordinal. Of a driver: `DRIVER_NODE`", needs: ["launch", "driver", "attach"],
    async run({ launcher, startDriver, driverOf, identity, open, actorsOf, keep }) {
      const { handle, actor } = await startDriver();
      const of = identity({ node: "_driver" });
      const { launch } = await open();
      const others = [await launcher.startDriver!(driverOf(of)), await launch!.startDriver!(driverOf(of)), await launch!.attach!(of), await launch!.attach!({ ...of, id: handle.id })];
      for (const one of others) { assert.equal(one?.id, handle.id); keep(one); }
      assert.equal(await launch!.attach!({ ...of, ordinal: 1 }), undefined);
      assert.equal(await launch!.attach!(identity()), undefined);
      actor.tell({ do: "return" });
      assertExit(await handle.ended, 0, "the driver");
      await Promise.all(others.map((one) => one!.ended));
      assert.equal(actorsOf(of).length, 1, "it was started more than once");
    },
  },
  {
    id: "driver.cancel", title: "a driver that is cancelled ends", clause: "Ends it. Resolves when the demand is made; `ended` says when it has happened", needs: ["launch", "driver"],
    async run({ startDriver }) {
      const { handle, actor } = await startDriver();
      await handle.cancel("enough");
      assertCancelled(await handle.ended);
      await actor.gone;
    },
  },
  {
    id: "driver.client-gone", title: "a driver goes on when its client leaves, or is killed, and is found again", clause: RUNS, needs: ["launch", "driver", "attach", "client"],
    async run({ client, driverOf, identity, actorOf, open, keep }) {
      for (const [ordinal, how] of (["leave", "kill"] as const).entries()) {
        const of = identity({ node: "_driver", ordinal });
        const one = await client({ driver: driverOf(of) });
        const actor = await actorOf(of);
        await one[how]();
        await actor.ask({ do: "answer" });
        const found = await (await open()).launch!.attach!(of);
        assert.equal(found?.id, one.id);
        keep(found);
        actor.tell({ do: "exit", code: 3 });
        assertExit(await found.ended, 3, "the driver");
      }
    },
  },
];
