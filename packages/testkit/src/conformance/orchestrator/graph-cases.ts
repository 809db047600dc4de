import assert from "node:assert/strict";
import type { Started } from "./subject.ts";
import { assertExit, byNow, finish, type OrchestratorCase } from "./tools.ts";

const ENDED = "Resolves when the process has ended, however";
const SIDE_BY_SIDE = "maxParallel: the most steps it runs side by side; the driver never starts more";

/** What is started at most where as many as possible are. */
const WIDE = 6;

export const graphCases: readonly OrchestratorCase[] = [
  {
    id: "graph.chain", title: "of steps one after another each is over before the next begins, and ends as itself", clause: ENDED, needs: ["launch"],
    async run({ start }) {
      const done: Started[] = [];
      for (const node of ["actor@0", "actor@1", "actor@2"]) {
        const one = await start({ node });
        for (const before of done) assert.equal(before.actor.isGone, true, "a step goes on after its end");
        await finish(one);
        done.push(one);
      }
    },
  },
  {
    id: "graph.diamond", title: "of two steps that follow on one and meet in another each ends by itself", clause: ENDED, needs: ["launch", "parallel"],
    async run({ start }) {
      await finish(await start({ node: "actor@0" }));
      const [left, right] = await Promise.all([start({ node: "actor@1" }), start({ node: "actor@2" })]);
      await finish(right);
      assert.equal(await byNow(left.handle.ended), undefined, "the end of one was taken for that of the other");
      await left.actor.ask({ do: "answer" });
      await finish(left);
      await finish(await start({ node: "actor@3" }));
    },
  },
  {
    id: "graph.fan-out", title: "as many steps as it says run side by side, and end in any order", clause: SIDE_BY_SIDE, needs: ["launch", "parallel"],
    async run({ start, launcher: { maxParallel } }) {
      // none of them ends before all have begun
      const all = await Promise.all(Array.from({ length: Math.min(maxParallel, WIDE) }, async (_, n) => start({ node: `actor@${n}` })));
      while (all.length > 0) {
        await finish(all.pop()!);
        for (const { handle, actor } of all) {
          assert.equal(await byNow(handle.ended), undefined, "a step has ended with another one");
          await actor.ask({ do: "answer" });
        }
      }
    },
  },
  {
    id: "graph.failure", title: "a step that fails or dies takes no other one along", clause: "start one step, watch it, stop it", needs: ["launch", "process", "parallel"],
    async run({ start }) {
      const other = await start({ node: "actor@0" });
      for (const [n, cue] of ([{ do: "exit", code: 1 }, { do: "die" }] as const).entries()) {
        const failing = await start({ node: `actor@${n + 1}` });
        failing.actor.tell(cue);
        const end = await failing.handle.ended;
        assert.notEqual(end.exitCode, 0, "a step that has failed ended well");
        await other.actor.ask({ do: "answer" });
        assert.equal(await byNow(other.handle.ended), undefined, "a step has ended with another one");
      }
      await finish(other);
    },
  },
  {
    id: "graph.retry", title: "another attempt of a step that has failed is run, and ends as itself", clause: "StepIdentity.attempt: from 1", needs: ["launch", "process"],
    async run({ start }) {
      for (const attempt of [1, 2]) {
        const { handle, actor } = await start({ attempt });
        actor.tell({ do: "exit", code: attempt });
        assertExit(await handle.ended, attempt);
      }
      await finish(await start({ attempt: 3 }));
    },
  },
];
