import assert from "node:assert/strict";
import type { ProcessEnd, StepIdentity } from "@mlstack/core";
import { assertCancelled, assertExit, byNow, isOneOf, type OrchestratorCase } from "./tools.ts";

const FINDS = "Finds a step or driver that another process started; undefined when there is no trace of it";
const OUTLIVES = "For flavors whose steps outlive the driver: where it is left out, steps end with the process that started them";

/** Of two that watch a process only one may be in time to see how it ended; what it can't tell the other one does not make up. */
function assertSame(end: ProcessEnd, exitCode: number): void { if (end.status !== "lost") assertExit(end, exitCode, "a step that was attached to"); }

export const attachCases: readonly OrchestratorCase[] = [
  {
    id: "attach.running", title: "a step that runs is found by its handle's id and by what it was started for, and its end is seen by all", clause: FINDS, needs: ["launch", "attach"],
    async run({ start, open, identity, keep }) {
      const { handle, actor } = await start();
      const { launch } = await open();
      const found = [await launch!.attach!({ ...identity(), id: handle.id }), await launch!.attach!(identity())];
      for (const one of found) { assert.equal(one?.id, handle.id); keep(one); }
      actor.tell({ do: "exit", code: 3 });
      assertExit(await handle.ended, 3);
      for (const one of found) assertSame(await one!.ended, 3);
    },
  },
  {
    id: "attach.ended", title: "of a step that has ended the end is known at once, or there is no trace of it", clause: "Of one that has ended, `ended` is resolved by then", needs: ["launch", "attach"],
    async run({ start, open, identity }) {
      const { handle, actor } = await start();
      actor.tell({ do: "exit", code: 3 });
      assertExit(await handle.ended, 3);
      const { launch } = await open();
      for (const launched of [{ ...identity(), id: handle.id }, identity()]) {
        const found = await launch!.attach!(launched);
        if (found === undefined) continue;
        const end = await byNow(found.ended);
        assert.ok(end !== undefined, "its end is not there yet");
        assertSame(end, 3);
        await found.cancel("too late");
      }
    },
  },
  {
    id: "attach.unknown", title: "of what nobody has started there is no trace, also where a step of the same name runs", clause: FINDS, needs: ["launch", "attach"],
    async run({ start, open, identity }) {
      await start();
      const { launch } = await open();
      const others: readonly Partial<StepIdentity>[] = [{ runId: `${identity().runId}-b` }, { node: "actor@0" }, { node: "_driver" }, { ordinal: 1 }, { attempt: 2 }];
      for (const more of others) assert.equal(await launch!.attach!(identity(more)), undefined, JSON.stringify(more));
    },
  },
  {
    id: "attach.other-id", title: "an id that is none of its own is no trace, or is refused", clause: `${FINDS}. MLS6001, MLS6002, MLS6003 when it can't be told. Never undefined then`, needs: ["launch", "attach"],
    async run({ launcher, identity }) {
      for (const id of ["", "no-such-step", "{}", "[]", "[1]", "null", "default/conformance-none", "x".repeat(512)]) {
        const error: unknown = await launcher.attach!({ ...identity(), id }).then((found) => assert.equal(found, undefined, `the id ${JSON.stringify(id)}`), (e: unknown) => e);
        assert.ok(error === undefined || isOneOf(error, "MLS6001", "MLS6002", "MLS6003"), `the id ${JSON.stringify(id)}: ${String(error)}`);
      }
    },
  },
  {
    id: "attach.cancel", title: "a step is ended by the handle of another process", clause: FINDS, needs: ["launch", "attach"],
    async run({ start, open, identity, keep }) {
      const { handle, actor } = await start();
      const found = keep((await (await open()).launch!.attach!({ ...identity(), id: handle.id }))!);
      await found.cancel("enough");
      const [one, two] = await Promise.all([handle.ended, found.ended]);
      assert.ok(one.status === "killed" || one.status === "exited", JSON.stringify(one));
      if (two.status !== "lost") assertCancelled(two);
      await actor.gone;
    },
  },
  {
    id: "client.killed", title: "a step goes on when its client is killed, and is found again with its end", clause: OUTLIVES, needs: ["launch", "attach", "client"],
    async run({ client, launchOf, actorOf, identity, open, keep }) {
      const one = await client({ step: launchOf(identity()) });
      const actor = await actorOf(identity());
      await one.kill();
      await actor.ask({ do: "answer" });
      const { launch } = await open();
      const found = await launch!.attach!({ ...identity(), id: one.id });
      assert.equal(found?.id, one.id);
      keep(found);
      actor.tell({ do: "exit", code: 3 });
      assertExit(await found.ended, 3);
    },
  },
  {
    id: "client.start-again", title: "a step that a client has started that was killed is found by starting it again", clause: "whether a start whose answer was lost was accepted can't be known, so the driver may start the step again, and must find the one that is there", needs: ["launch", "attach", "client"],
    async run({ client, launchOf, actorOf, actorsOf, identity, launcher, keep }) {
      const one = await client({ step: launchOf(identity()) });
      const actor = await actorOf(identity());
      await one.kill();
      const again = keep(await launcher.start(launchOf(identity())));
      assert.equal(again.id, one.id);
      actor.tell({ do: "exit", code: 3 });
      assertExit(await again.ended, 3);
      assert.equal(actorsOf(identity()).length, 1, "it was started more than once");
    },
  },
  {
    id: "client.bound", title: "steps end with the process that started them, whether it is killed or exits", clause: OUTLIVES, needs: ["launch", "bound", "client"],
    async run({ client, launchOf, actorOf, identity }) {
      for (const [n, how] of (["kill", "leave"] as const).entries()) {
        const of = identity({ node: `actor@${n}` });
        const one = await client({ step: launchOf(of) });
        const actor = await actorOf(of);
        await one[how]();
        await actor.gone;
      }
    },
  },
];
