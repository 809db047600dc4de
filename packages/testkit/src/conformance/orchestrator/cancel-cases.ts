import assert from "node:assert/strict";
import { assertCancelled, byNow, finish, type OrchestratorCase } from "./tools.ts";

const ENDS = "Ends it. Resolves when the demand is made; `ended` says when it has happened";
const KILL = "`cancel` ends user code at once, with the processes that it has started";

export const cancelCases: readonly OrchestratorCase[] = [
  {
    id: "cancel.ends", title: "a step that is cancelled ends", clause: ENDS, needs: ["launch"],
    async run({ start }) {
      const { handle, actor } = await start();
      await handle.cancel("enough");
      assertCancelled(await handle.ended);
      await actor.gone;
    },
  },
  {
    id: "cancel.asks", title: "a step that is asked to stop is told so by its signal", clause: "or only asks it to stop (by the step's abort signal)", needs: ["launch", "ask"],
    async run({ start }) {
      const { handle, actor } = await start();
      await handle.cancel("enough of it");
      assert.match(await actor.aborted, /enough of it/);
      await handle.ended;
    },
  },
  {
    id: "cancel.at-once", title: "a step that is cancelled as soon as it is accepted ends, and does not begin afterwards", clause: ENDS, needs: ["launch"],
    async run({ launcher, launchOf, identity, actorsOf, keep, start }) {
      const handle = keep(await launcher.start(launchOf(identity())));
      await handle.cancel("never mind");
      await handle.ended;
      for (const actor of actorsOf(identity())) await actor.gone;
      const seen = actorsOf(identity()).length;
      await finish(await start({ attempt: 2 }));
      assert.equal(actorsOf(identity()).length, seen, "it has begun after its end");
    },
  },
  {
    id: "cancel.blocked", title: "a step that computes without end is ended, as it is by a timeout", clause: KILL, needs: ["launch", "kill"],
    async run({ start }) {
      const { handle, actor } = await start();
      await actor.ask({ do: "block" });
      await handle.cancel("it took too long");
      assertCancelled(await handle.ended);
      await actor.gone;
    },
  },
  {
    id: "cancel.deaf", title: "a step that goes on in spite of signals is ended", clause: KILL, needs: ["launch", "kill"],
    async run({ start }) {
      const { handle, actor } = await start();
      await actor.ask({ do: "stay" });
      await handle.cancel("enough");
      assertCancelled(await handle.ended);
      await actor.gone;
    },
  },
  {
    id: "cancel.children", title: "what a step has started does not go on without it", clause: KILL, needs: ["launch", "kill"],
    async run({ start, stage }) {
      const { handle, actor } = await start();
      await actor.ask({ do: "child" });
      const child = await stage.actor(`${actor.token}.child`);
      // it would go on
      await child.ask({ do: "stay" });
      await handle.cancel("enough");
      assertCancelled(await handle.ended);
      await Promise.all([actor.gone, child.gone]);
    },
  },
  {
    id: "cancel.again", title: "a step is cancelled as often as anybody likes", clause: "Cancelling what has ended is no error", needs: ["launch"],
    async run({ start }) {
      const { handle } = await start();
      await Promise.all([handle.cancel("one"), handle.cancel("two")]);
      await handle.cancel("three");
      const end = await handle.ended;
      assertCancelled(end);
      await handle.cancel("four");
      assert.deepEqual(await handle.ended, end);
    },
  },
  {
    id: "cancel.earlier", title: "a cancel of an attempt that has ended does not reach the next one", clause: "Ends it. Cancelling what has ended is no error", needs: ["launch"],
    async run({ start }) {
      const first = await start();
      await finish(first);
      const second = await start({ attempt: 2 });
      await first.handle.cancel("too late");
      await second.actor.ask({ do: "answer" });
      await finish(second);
    },
  },
  {
    id: "cancel.others", title: "a step that is cancelled takes no other one along", clause: ENDS, needs: ["launch", "parallel"],
    async run({ start }) {
      const other = await start({ node: "actor@0" });
      const { handle } = await start({ node: "actor@1" });
      await handle.cancel("enough");
      await handle.ended;
      await other.actor.ask({ do: "answer" });
      assert.equal(await byNow(other.handle.ended), undefined, "a step has ended with another one");
      await finish(other);
      await finish(await start({ node: "actor@2" }));
    },
  },
];
