import assert from "node:assert/strict";
import type { ErrorCode, Orchestrator } from "@mlstack/core";
import { aborted, refused } from "../refused.ts";
import type { OrchestratorSubject } from "./subject.ts";
import { assertExit, finish, type OrchestratorCase } from "./tools.ts";

const ABORT = "Aborts the call; the component stops what it does and rejects with the signal's reason";

const failing = (need: "denied" | "unreachable", title: string, clause: string, code: ErrorCode, open: (s: OrchestratorSubject) => Promise<Orchestrator>): OrchestratorCase => ({
  id: `fails.${need}`, title, clause, needs: ["launch", need],
  async run({ subject, launchOf, identity }) {
    const orchestrator = await open(subject);
    try {
      const { launch } = orchestrator;
      await refused(async () => launch!.start(launchOf(identity())), code);
      if (launch!.attach !== undefined) await refused(async () => launch!.attach!(identity()), code);
      if (orchestrator.check !== undefined) assert.ok((await orchestrator.check()).some((one) => !one.ok), "its own check finds nothing wrong");
    } finally { await orchestrator.dispose?.(); }
  },
});

export const callCases: readonly OrchestratorCase[] = [
  {
    id: "abort.start", title: "a start whose signal was aborted before rejects with the signal's reason and starts nothing", clause: `${ABORT}. A start that rejects has left nothing that will run`, needs: ["launch"],
    async run({ launcher, launchOf, driverOf, identity, actorsOf, start }) {
      const reason = new Error("enough");
      const signal = AbortSignal.abort(reason);
      await aborted(async () => launcher.start(launchOf(identity()), { signal }), reason, "start");
      if (launcher.startDriver !== undefined) await aborted(async () => launcher.startDriver!(driverOf(identity({ node: "_driver" })), { signal }), reason, "startDriver");
      if (launcher.attach !== undefined) assert.equal(await launcher.attach(identity()), undefined, "there is a trace of it");
      // and is not in the way of the next one
      await finish(await start());
      assert.deepEqual([actorsOf(identity()).length, actorsOf(identity({ node: "_driver" })).length], [1, 0]);
    },
  },
  {
    id: "abort.start-of-two", title: "of two that start the same step one that is aborted takes nothing from the other", clause: ABORT, needs: ["launch"],
    async run({ launcher, launchOf, identity, actorOf, keep }) {
      const reason = new Error("enough");
      const stop = new AbortController();
      const first = launcher.start(launchOf(identity()), { signal: stop.signal }).then(keep, (e: unknown) => e);
      const second = launcher.start(launchOf(identity()));
      stop.abort(reason);
      const handle = keep(await second);
      const one = await first;
      assert.ok(one === reason || (one as { readonly id?: string }).id === handle.id, `the first has neither started the step nor stopped: ${String(one)}`);
      (await actorOf(identity())).tell({ do: "return" });
      assertExit(await handle.ended, 0);
    },
  },
  {
    id: "abort.handle", title: "a step lives on when a call of its handle is aborted before", clause: ABORT, needs: ["launch"],
    async run({ start }) {
      const reason = new Error("enough");
      const signal = AbortSignal.abort(reason);
      const started = await start();
      await aborted(async () => started.handle.cancel("no", { signal }), reason, "cancel");
      if (started.handle.tail !== undefined) await aborted(async () => started.handle.tail!({ signal }), reason, "tail");
      await started.actor.ask({ do: "answer" });
      await finish(started);
    },
  },
  {
    id: "abort.attach", title: "an attach whose signal was aborted before rejects with the signal's reason, and so do the calls of what was attached", clause: ABORT, needs: ["launch", "attach"],
    async run({ launcher, start, open, identity, keep }) {
      const reason = new Error("enough");
      const signal = AbortSignal.abort(reason);
      await aborted(async () => launcher.attach!(identity(), { signal }), reason, "attach");
      const started = await start();
      for (const launched of [identity(), { ...identity(), id: started.handle.id }]) {
        await aborted(async () => launcher.attach!(launched, { signal }), reason, "attach");
        const found = keep((await (await open()).launch!.attach!(launched))!);
        await aborted(async () => found.cancel("no", { signal }), reason, "cancel");
        if (found.tail !== undefined) await aborted(async () => found.tail!({ signal }), reason, "tail");
      }
      await started.actor.ask({ do: "answer" });
      await finish(started);
    },
  },
  {
    id: "dispose", title: "an orchestrator that is disposed of takes no steps from another one", clause: "Releases connections and files", needs: ["launch"],
    async run({ start, open }) {
      const started = await start();
      const other = await open();
      await other.dispose?.();
      await started.actor.ask({ do: "answer" });
      await finish(started);
      await finish(await start({ attempt: 2 }));
    },
  },
  failing("denied", "credentials that are not taken are MLS6002", "@throws MLS6001, MLS6002, MLS6003", "MLS6002", (s) => s.openDenied!()),
  failing("unreachable", "a service that can't be reached is MLS6001", "@throws MLS6001, MLS6002, MLS6003", "MLS6001", (s) => s.openUnreachable!()),
];
